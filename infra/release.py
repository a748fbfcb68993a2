"""What a release does with JSON of Cloud Run: ``python3 -m infra.release``, called by bin/deploy-service.sh.

Standard library only, so that it runs where the Cloud SDK does. Each command reads files of
``gcloud ... --format=json`` and prints what the script needs; exit 1 with a sentence on standard error for
what must not go on.
"""

from __future__ import annotations

import argparse
import json
import string
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DELIMITER = "|~|"
"""Between the parts of a gcloud list: our values hold commas."""

PINNED_SYSTEM = "catboost_v9"
PUBLIC = ("allUsers", "allAuthenticatedUsers")
CANARY = "canary"

Environment = dict[str, str]


class Refused(Exception):
    """What stands in the way, as a sentence."""


def declared(service: str, project: str, number: str, region: str) -> tuple[Environment, list[str]]:
    """Values of infra/environment for a project, and the names that each release sets itself.

    The same names that Terraform fills in: ``infra/services.tf``.
    """
    path = HERE / "environment" / f"{service}.json"
    text = string.Template(path.read_text(encoding="utf-8"))
    filled = json.loads(
        text.substitute(
            project_id=project,
            project_number=number,
            region=region,
            audience=audience(service, project),
            model_bucket=f"{project}-props-models",
        )
    )
    return filled["values"], filled["from_release"]


def audience(service: str, project: str) -> str:
    """What callers' tokens are made out to."""
    return f"https://{service}.{project}.internal"


def environment_of(resource: Mapping[str, Any]) -> Environment:
    """Variables of a revision, or of a service's newest template."""
    spec = resource["spec"]
    containers = spec["template"]["spec"]["containers"] if "template" in spec else spec["containers"]
    return {e["name"]: e.get("value", "") for e in containers[0].get("env", [])}


def wanted(
    values: Environment, from_release: Sequence[str], serving: Environment, given: Environment
) -> Environment:
    """The whole environment of the next revision: what is declared, what this release sets, and what an
    earlier release set on the revision that serves."""
    kept = {name: serving[name] for name in from_release if name in serving}
    foreign = sorted(set(given) - set(from_release))
    if foreign:
        raise Refused(f"{', '.join(foreign)}: not left to a release by infra/environment")
    return {**values, **kept, **given}


def undeclared(values: Environment, from_release: Sequence[str], there: Environment) -> list[str]:
    """Names that nobody declared: set by hand."""
    return sorted(set(there) - set(values) - set(from_release))


def differences(there: Environment, meant: Environment) -> list[str]:
    """A sentence for every variable that is absent, other than meant, or too many."""
    found = [f"{n}: absent, wanted {v!r}" for n, v in sorted(meant.items()) if n not in there]
    found += [f"{n}: {there[n]!r}, wanted {v!r}" for n, v in sorted(meant.items()) if there.get(n, v) != v]
    return found + [f"{n}: {there[n]!r}, not declared" for n in sorted(set(there) - set(meant))]


def serving(service: Mapping[str, Any]) -> str:
    """The one revision that has the traffic; ``Refused`` where it is split."""
    shares = [t for t in service.get("status", {}).get("traffic", []) if t.get("percent")]
    if len(shares) != 1 or shares[0]["percent"] != 100:
        told = ", ".join(f"{t['revisionName']} {t['percent']} %" for t in shares) or "nobody has any"
        raise Refused(f"the traffic is split: {told}; wanted one revision with 100 %")
    return str(shares[0]["revisionName"])


def tag_url(service: Mapping[str, Any], revision: str) -> str:
    """Address of the revision under test, which nothing else calls."""
    for target in service["status"]["traffic"]:
        if target.get("tag") == CANARY and target.get("revisionName") == revision:
            return str(target["url"])
    raise Refused(f"{revision} has no address under the tag {CANARY}: another deployment may have taken it")


def digest(image: str) -> str:
    """The digest of an image; ``Refused`` for one that is named by a tag, which can come to mean another."""
    _, at, found = image.partition("@")
    if not at or not found.startswith("sha256:") or len(found) != 71:
        raise Refused(f"image {image}: wanted IMAGE@sha256:DIGEST")
    return found


def public(policy: Mapping[str, Any]) -> list[str]:
    """Who may call although he is nobody in particular."""
    return sorted({m for b in policy.get("bindings", []) for m in b.get("members", []) if m in PUBLIC})


def variable(system_id: str) -> str:
    """The variable that names a system's model, as in shared/backends.py."""
    return f"{system_id.upper()}_MODEL_PATH"


def model_variables(path: str, manifest: Mapping[str, Any], generation: str) -> Environment:
    """What a release sets for a model: its path, and for the V9 model what pins it."""
    system = str(manifest["system_id"])
    if system != PINNED_SYSTEM:
        return {variable(system): path}
    return {variable(system): path, "MODEL_SHA256": str(manifest["sha256"]), "MODEL_GENERATION": generation}


def listed(parts: Sequence[str]) -> str:
    """A list as gcloud takes it, whatever its parts hold."""
    bad = [p for p in parts if DELIMITER in p or "\n" in p]
    if bad:
        raise Refused(f"{bad[0]!r}: holds a line break or {DELIMITER}")
    return f"^{DELIMITER}^{DELIMITER.join(parts)}"


def drift(service: Mapping[str, Any], revision: Mapping[str, Any], meant: Environment) -> list[str]:
    """How what serves differs from what is declared: traffic, environment, image."""
    found = []
    newest = service.get("status", {}).get("latestCreatedRevisionName")
    name = revision["metadata"]["name"]
    if newest != name:
        found.append(f"traffic: {name} serves, the newest revision is {newest}")
    try:
        digest(revision["spec"]["containers"][0]["image"])
    except Refused as exc:
        found.append(str(exc))
    return found + [f"environment: {line}" for line in differences(environment_of(revision), meant)]


def _say(text: object) -> None:
    sys.stdout.write(f"{text}\n")


def _load(path: str) -> Any:
    text = Path(path).read_text(encoding="utf-8").strip()
    return json.loads(text) if text else {}


def _pairs(items: Sequence[str]) -> Environment:
    return dict(item.split("=", 1) for item in items)


def _context(a: argparse.Namespace) -> tuple[Environment, list[str]]:
    return declared(a.service, a.project, a.number, a.region)


def _wanted(a: argparse.Namespace) -> None:
    values, names = _context(a)
    there = environment_of(_load(a.serving)) if a.serving else {}
    extra = undeclared(values, names, there)
    if extra and not a.drop_undeclared:
        raise Refused(
            f"{', '.join(extra)}: set by hand on the revision that serves; declare it in "
            f"infra/environment/{a.service}.json, or give --override REASON to leave it out"
        )
    there = {name: value for name, value in there.items() if name not in a.unset}
    _say(json.dumps(wanted(values, names, there, _pairs(a.set)), indent=1))


def _flags(a: argparse.Namespace) -> None:
    """Flags that make the newest template what is meant: all of that, less what is there beside it."""
    meant = _load(a.wanted)
    _say("--update-env-vars=" + listed([f"{n}={v}" for n, v in sorted(meant.items())]))
    template = _load(a.template)
    extra = sorted(set(environment_of(template)) - set(meant)) if template else []
    if extra:
        _say("--remove-env-vars=" + ",".join(extra))


def _changes(a: argparse.Namespace) -> None:
    there = environment_of(_load(a.serving)) if a.serving else {}
    for line in differences(there, _load(a.wanted)) or ["nothing changes"]:
        _say(f"  {line}")


def _compare(a: argparse.Namespace) -> None:
    revision = _load(a.revision)
    found = differences(environment_of(revision), _load(a.wanted))
    image = revision["spec"]["containers"][0]["image"]
    if image != a.image:
        found.append(f"image {image}, wanted {a.image}")
    if found:
        raise Refused("; ".join(found))


def _get(a: argparse.Namespace) -> None:
    found = _load(a.file)
    for part in a.path.split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    _say("" if found is None else found)


def _model(a: argparse.Namespace) -> None:
    manifest = _load(a.manifest)
    missing = [name for name in ("system_id", "sha256") if name not in manifest]
    if missing:
        raise Refused(f"{a.path}: its manifest has no {missing[0]}")
    for name, value in model_variables(a.path, manifest, a.generation).items():
        _say(f"{name}={value}")


def _drift(a: argparse.Namespace) -> None:
    values, names = _context(a)
    revision = _load(a.revision)
    there = environment_of(revision)
    meant = {**values, **{n: there[n] for n in names if n in there}}
    found = drift(_load(a.state), revision, meant)
    found += [f"public: {who} may call" for who in public(_load(a.policy))]
    if found:
        raise Refused("\n".join(found))


def _closed(a: argparse.Namespace) -> None:
    found = public(_load(a.policy))
    if found:
        raise Refused(f"{', '.join(found)} may call the service: no public invoker is allowed")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infra.release")
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: Any, *options: str, place: bool = False) -> argparse.ArgumentParser:
        added = commands.add_parser(name)
        added.set_defaults(run=run)
        places = ("--service", "--project", "--number", "--region") if place else ()
        for name in (*options, *places):
            if name.startswith("--"):
                added.add_argument(name, required=True)
            else:
                added.add_argument(name)
        return added

    added = command("wanted", _wanted, place=True)
    added.add_argument("--serving", default="")
    added.add_argument("--set", action="append", default=[])
    added.add_argument("--unset", action="append", default=[])
    added.add_argument("--drop-undeclared", action="store_true")
    command("flags", _flags, "--wanted", "--template")
    command("changes", _changes, "--wanted").add_argument("--serving", default="")
    command("compare", _compare, "--revision", "--wanted", "--image")
    command("drift", _drift, "--state", "--revision", "--policy", place=True)
    command("closed", _closed, "--policy")
    command("model", _model, "path", "--manifest", "--generation")
    command("get", _get, "file", "path")
    command("variable", lambda a: _say(environment_of(_load(a.file)).get(a.name, "")), "file", "name")
    command("serving", lambda a: _say(serving(_load(a.file))), "file")
    command("tag-url", lambda a: _say(tag_url(_load(a.file), a.revision)), "file", "--revision")
    command("digest", lambda a: _say(digest(a.image)), "image")
    command("audience", lambda a: _say(audience(a.service, a.project)), "service", "project")
    added = command("list", lambda a: _say(listed(a.parts)))
    added.add_argument("parts", nargs="+")
    return parser


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        asked.run(asked)
    except Refused as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
