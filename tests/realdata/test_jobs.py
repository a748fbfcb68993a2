"""The jobs of a few real dates: features, predictions, grades."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from shared.application.backfill.prediction_backfill import BackfillOptions
from shared.application.backfill.results import Status
from shared.application.features.build import BuildOptions
from shared.application.ingestion.load import LoadFolder
from shared.domain.coverage import Level
from shared.domain.features.readiness import Verdict
from tests.application.worlds import Jobs

FORMULAS = ("moving_average", "zone_matchup_v1", "similarity_balanced_v1")


@pytest.mark.realdata
def test_real_dates_are_built_predicted_graded_and_covered(tmp_path: Path, real_data: Path) -> None:
    jobs = Jobs(tmp_path, {})
    jobs = jobs.at(jobs.now.replace(year=2026))
    LoadFolder(jobs.warehouse, jobs.clock)(real_data)
    first, last = date(2025, 3, 14), date(2025, 3, 19)
    built = jobs.build(first, last)
    assert [b.findings for b in built] == [()] * 6
    assert {d.verdict for d in jobs.doctor(first, last).values()} == {Verdict.READY}
    results = jobs.predictions(
        [b.game_date for b in built], BackfillOptions(systems=FORMULAS, allow_started=True)
    )
    assert {r.status for r in results} == {Status.SUCCESS}
    assert jobs.grade(first, last).changed == sum(r.rows_written for r in results)
    assert jobs.grade(first, last).changed == 0
    cover = jobs.coverage(first, last)
    assert {cover[s].level for s in FORMULAS} == {Level.OK}
    assert all(cover[s].coverage == 1.0 for s in FORMULAS)


@pytest.mark.realdata
def test_ten_seasons_pass_the_checks_but_for_the_days_without_a_past(tmp_path: Path, real_data: Path) -> None:
    jobs = Jobs(tmp_path, {})
    jobs = jobs.at(jobs.now.replace(year=2026))
    LoadFolder(jobs.warehouse, jobs.clock)(real_data)
    built = jobs.build(date(2015, 10, 20), date(2025, 6, 22), BuildOptions(write=False))
    refused = [b for b in built if b.snapshot_id is None]
    assert len(built) > 1800
    assert all(b.game_date < date(2015, 11, 4) for b in refused)
    assert all("absent" in finding for b in refused for finding in b.findings)
