"""Terraform on a copy of ``infra``, with the provider's stand-in.

The copy keeps the stand-in's checksum out of ``.terraform.lock.hcl``. It also lets go of ``prevent_destroy``,
which would not let Terraform clean up after its tests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.infra import tools
from tests.infra.install import ROOT, TERRAFORM_SETTINGS

INFRA = ROOT / "infra"
SETTINGS = {
    "TF_CLI_CONFIG_FILE": str(TERRAFORM_SETTINGS),
    "TF_DISABLE_PLUGIN_TLS": "1",  # the stand-in has no certificates
    "TF_IN_AUTOMATION": "1",
}


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return tools.run("terraform", *arguments, folder=folder, **SETTINGS)


def copy(folder: Path) -> Path:
    """A copy of ``infra`` below a folder, initialised."""
    tools.require("terraform")
    made = Path(
        shutil.copytree(INFRA, folder / "infra", ignore=shutil.ignore_patterns(".terraform*", "__pycache__"))
    )
    for path in made.glob("*.tf"):
        text = path.read_text(encoding="utf-8").replace("prevent_destroy = true", "prevent_destroy = false")
        path.write_text(text, encoding="utf-8")
    ran = terraform(made, "init", "-backend=false")
    if ran.returncode:
        raise RuntimeError(f"terraform init: {ran.stdout}{ran.stderr}")
    return made


def run_tests(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Run ``terraform test``: status by run, and what each diagnostic says."""
    ran = terraform(folder, "test", "-json")
    lines: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    ended = [line["test_run"] for line in lines if line.get("test_run", {}).get("progress") == "complete"]
    found = [line["diagnostic"] for line in lines if line["type"] == "diagnostic"]
    if not ended:
        raise RuntimeError(f"terraform test: {ran.stdout}{ran.stderr}")
    said = [d["detail"] if d["summary"] == "Test assertion failed" else d["summary"] for d in found]
    return {run["run"]: run["status"] for run in ended}, said
