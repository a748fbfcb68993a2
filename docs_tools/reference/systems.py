"""Reference page of the prediction systems and the 33 features, from catalogue and lineage."""

from __future__ import annotations

from docs_tools import docstrings, markdown
from docs_tools.site import ROOT
from shared.backends import path_variable
from shared.domain.features.contract import FEATURES, REQUIRED
from shared.domain.features.lineage import LINEAGE
from shared.domain.systems.catalog import ENSEMBLES, FORMULAS, MODEL_SYSTEMS

MODULES = {
    "moving_average": "moving_average", "zone_matchup_v1": "zone_matchup",
    "similarity_balanced_v1": "similarity", "line_anchored_v1": "line_anchored",
}  # fmt: skip
"""Modules of systems that do not share one with other systems of their kind."""


def page() -> str:
    rows = [(s.system_id, "formula", "none") for s in FORMULAS]
    rows += [(s, "model", path_variable(s)) for s in MODEL_SYSTEMS]
    rows += [(s.system_id, "ensemble", ", ".join(s.members)) for s in ENSEMBLES]
    systems = markdown.table(
        ("system", "kind", "needs", "what it does"),
        [(markdown.code(s), kind, needs, _description(s, kind)) for s, kind, needs in rows],
    )
    features = markdown.table(
        ("", "feature", "if missing", "needs", "from tables"),
        [
            (str(i), markdown.code(f), _effect_if_missing(i), LINEAGE[f].needs, ", ".join(LINEAGE[f].tables))
            for i, f in enumerate(FEATURES)
        ],
    )
    return markdown.page(
        "Systems and features",
        "Prediction systems and their inputs. A system without its model is off, which is reported.",
        "## Systems",
        systems,
        "## Features",
        "Models depend on these names and their order. A feature that cannot be computed is missing and\n"
        "listed by name; it is never replaced by a default.",
        features,
    )


def _description(system: str, kind: str) -> str:
    module = {"ensemble": "ensemble", "model": "catboost"}.get(kind, "")
    path = ROOT / "shared" / "domain" / "systems" / f"{MODULES.get(system, module)}.py"
    return markdown.plain(docstrings.module_summary(path))


def _effect_if_missing(index: int) -> str:
    return "the player is skipped" if index in REQUIRED else "it stays missing"
