"""Files and folders to import."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from shared.application.feeds.raw_file import FeedError
from shared.application.importing.sources import PathSource, date_of_name, files_of
from shared.errors import NotFound


def test_a_folder_gives_its_data_files_and_names_the_others(tmp_path: Path) -> None:
    for name in ("b.json", "a.csv", "LICENSE", ".hidden.json", "deep/c.parquet"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    sources, skipped = files_of([tmp_path, tmp_path / "a.csv"])
    assert [s.path.relative_to(tmp_path).as_posix() for s in sources] == ["a.csv", "b.json", "deep/c.parquet"]
    assert [p.name for p in skipped] == ["LICENSE"]


def test_an_absent_path_and_a_folder_without_data_are_errors(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file or folder, expected"):
        files_of([tmp_path / "absent.json"])
    with pytest.raises(NotFound, match="no file to import, expected"):
        files_of([tmp_path])


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("lines_2025-02-19.json", date(2025, 2, 19)),
        ("2001_01_01_box.csv", date(2001, 1, 1)),
        ("2025-02-30.json", None),
        ("2024-10-01_to_2024-10-31.json", None),
        ("schedule.json", None),
        ("1234-56-7890123.csv", None),
    ],
)
def test_a_name_gives_a_date_only_if_it_holds_one(name: str, day: date | None) -> None:
    assert date_of_name(name) == day


def test_the_date_of_the_user_goes_before_that_of_the_name(tmp_path: Path) -> None:
    path = tmp_path / "lines_2025-02-19.json"
    path.write_bytes(b"{}")
    assert PathSource(path).read().day == date(2025, 2, 19)
    assert PathSource(path, date(2025, 2, 20)).read().day == date(2025, 2, 20)


def test_gzip_is_opened_and_a_truncated_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}'))
    assert PathSource(path).read().json == {"a": 1}
    path.write_bytes(gzip.compress(b'{"a": 1}' * 100)[:-12])
    with pytest.raises(FeedError, match=r"not a readable gzip file .*, expected a complete file"):
        PathSource(path).read()
