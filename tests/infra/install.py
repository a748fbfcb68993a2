"""``python -m tests.infra.install [--accept]``: what the checks of the infrastructure need, in ``.infra/``.

Tools live in a virtual environment of their own because their pins differ from the product's. The google
provider cannot be had from a package registry; its place takes a stand-in with its schema (docs/adr/0013).
``--accept`` notes the schema of the types that ``infra`` declares today as the one wanted.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from tests.infra.provider import extract

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
HOME = ROOT / ".infra"
BIN = HOME / "venv" / "bin"
PROVIDER = HOME / "provider"
SCHEMA = PROVIDER / "schema.json"
TERRAFORM_SETTINGS = PROVIDER / "terraform.rc"
WANTED = HERE / "provider" / "wanted.json"
"""Types whose schema is extracted, and its SHA-256."""

LOCK = HERE / "requirements.lock"
PACKAGE = (HERE / "package.json", HERE / "package-lock.json")
SERVED = (HERE / "provider" / "serve.py", HERE / "provider" / "tfplugin6.proto")
EXTRACTED = (*PACKAGE, WANTED, Path(extract.__file__), Path(__file__), *SERVED)

ON_THE_MACHINE = {
    "terraform": "install Terraform 1.11 or later",
    "npm": "install Node.js 20 or later",
    "gcloud": "install the Google Cloud CLI",
    "mmdebstrap": "install Debian's mmdebstrap",
    "buildah": "install Debian's buildah",
    "skopeo": "install Debian's skopeo",
}
"""Programs that come with the machine, and what helps where they do not."""


def main(arguments: Sequence[str] = ()) -> None:
    HOME.mkdir(exist_ok=True)
    started = time.monotonic()
    with FileLock(HOME / "install.lock"):
        if "--accept" in arguments:
            accept()
        if installed():
            say("already installed")
        else:
            install()
            say(f"installed in {time.monotonic() - started:.0f} s")
    if shutil.which("terraform") is None:
        say(f"terraform is missing and what needs it cannot be checked: {ON_THE_MACHINE['terraform']}")


def installed() -> bool:
    """Whether everything is there, complete, and of today's pins."""
    return tools_installed() and provider_installed()


def tools_installed() -> bool:
    return noted(HOME / "venv") == fingerprint(LOCK)


def provider_installed() -> bool:
    return noted(PROVIDER) == fingerprint(*EXTRACTED)


def install() -> None:
    if not tools_installed():
        install_tools()
        note(HOME / "venv", LOCK)
    if not provider_installed():
        shutil.rmtree(PROVIDER, ignore_errors=True)
        PROVIDER.mkdir()
        SCHEMA.write_text(schema(wanted()["types"]), encoding="utf-8")
        install_stand_in()
        note(PROVIDER, *EXTRACTED)


def install_tools() -> None:
    shutil.rmtree(HOME / "venv", ignore_errors=True)
    run(sys.executable, "-m", "venv", str(HOME / "venv"))
    pip = (str(BIN / "python"), "-m", "pip", "-qq", "--disable-pip-version-check", "install")
    run(*pip, "--no-deps", "--require-hashes", "--only-binary", ":all:", f"-r{LOCK}")


def schema(types: Sequence[str]) -> str:
    """The provider's schema as JSON, from a package that is fetched for it and not kept."""
    if shutil.which("npm") is None:
        sys.exit(f"infra: not installed, npm is missing: {ON_THE_MACHINE['npm']}")
    with tempfile.TemporaryDirectory() as folder:
        for path in PACKAGE:
            shutil.copy(path, folder)
        # Nothing of the package is run; the libraries that it was made for are not needed to read it.
        quiet = ("--silent", "--no-audit", "--no-fund", "--no-update-notifier")
        run("npm", "ci", "--prefix", folder, "--ignore-scripts", "--legacy-peer-deps", *quiet)
        found = extract.extract(Path(folder) / "node_modules" / "@cdktf" / "provider-google", types)
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def install_stand_in() -> None:
    """Put the stand-in where Terraform looks for the provider, and write the settings that make it look there."""
    source, messages = SERVED
    python = str(BIN / "python")
    run(python, "-m", "grpc_tools.protoc", f"-I{messages.parent}", f"--python_out={PROVIDER}", str(messages))
    machine = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    mirror = PROVIDER / "mirror"
    folder = mirror / extract.PROVIDER / extract.VERSION / f"{platform.system().lower()}_{machine}"
    folder.mkdir(parents=True)
    program = folder / f"terraform-provider-google_v{extract.VERSION}"
    program.write_text(f'#!/bin/sh\nexec "{python}" "{source}" "{PROVIDER}"\n', encoding="utf-8")
    program.chmod(0o755)
    TERRAFORM_SETTINGS.write_text(
        f'disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n',
        encoding="utf-8",
    )


def accept() -> None:
    types = extract.used(ROOT / "infra")
    content = {"types": types, "sha256": hashlib.sha256(schema(types).encode()).hexdigest()}
    WANTED.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def wanted() -> dict[str, object]:
    content: dict[str, object] = json.loads(WANTED.read_text(encoding="utf-8"))
    return content


def fingerprint(*files: Path) -> str:
    whole = b"".join(path.read_bytes() for path in files) + f"{sys.version} {HOME}".encode()
    return hashlib.sha256(whole).hexdigest()


def note(folder: Path, *files: Path) -> None:
    (folder / ".installed").write_text(fingerprint(*files))


def noted(folder: Path) -> str | None:
    stamp = folder / ".installed"
    return stamp.read_text() if stamp.is_file() else None


def run(*command: str) -> None:
    """What went wrong is for the command to say."""
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode:
        sys.exit(f"infra: not installed, {Path(command[0]).name} failed (see above)")


def say(what: str) -> None:
    print(f"infra: {what}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
