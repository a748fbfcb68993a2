"""The prediction systems and the 33 features, of their catalogue and lineage."""

from __future__ import annotations

from handbook import docstrings, markdown
from handbook.site import ROOT
from shared.backends import path_variable
from shared.domain.features.contract import FEATURES, REQUIRED
from shared.domain.features.lineage import LINEAGE
from shared.domain.systems.catalog import ENSEMBLES, FORMULAS, MODEL_SYSTEMS

MODULES = {
    "moving_average": "moving_average", "zone_matchup_v1": "zone_matchup",
    "similarity_balanced_v1": "similarity", "line_anchored_v1": "line_anchored",
}  # fmt: skip
"""Systems that have a module of their own; the others share theirs with their family."""


def page() -> str:
    rows = [(s.system_id, "formula", "none") for s in FORMULAS]
    rows += [(s, "model", path_variable(s)) for s in MODEL_SYSTEMS]
    rows += [(s.system_id, "ensemble", ", ".join(s.members)) for s in ENSEMBLES]
    systems = markdown.table(
        ("system", "kind", "needs", "what it does"),
        [(markdown.code(s), kind, needs, _about(s, kind)) for s, kind, needs in rows],
    )
    features = markdown.table(
        ("", "feature", "without it", "it needs", "of"),
        [
            (str(i), markdown.code(f), _without(i), LINEAGE[f].needs, ", ".join(LINEAGE[f].tables))
            for i, f in enumerate(FEATURES)
        ],
    )
    return markdown.page(
        "Systems and features",
        "What predicts, and of what. A system without its model is off and says so.",
        "## Systems",
        systems,
        "## Features",
        "Models are bound to these names in this order. A feature that cannot be computed is missing\n"
        "and named; no default is ever put in its place.",
        features,
    )


def _about(system: str, kind: str) -> str:
    module = {"ensemble": "ensemble", "model": "catboost"}.get(kind, "")
    path = ROOT / "shared" / "domain" / "systems" / f"{MODULES.get(system, module)}.py"
    return markdown.plain(docstrings.of_module(path))


def _without(at: int) -> str:
    return "the player is skipped" if at in REQUIRED else "it stays missing"
