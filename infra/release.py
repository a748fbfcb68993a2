"""Read and compare JSON of Cloud Run in a release: ``python3 -m infra.release``, for bin/deploy-service.sh.

Uses only the standard library, so that it runs wherever the Cloud SDK runs. Each command reads files of
``gcloud ... --format=json`` and prints data for the script; exit code 1 and a message on standard error stop
the release.
"""

from __future__ import annotations

import argparse
import json
import string
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
DELIMITER = "|~|"
"""Delimiter of gcloud lists, since our values contain commas."""

PINNED_SYSTEM = "catboost_v9"
PUBLIC = ("allUsers", "allAuthenticatedUsers")
CANARY = "canary"

Environment = dict[str, str]


class Refused(Exception):
    """The release must stop; the message gives the reason."""


def declared(service: str, project: str, number: str, region: str) -> tuple[Environment, list[str]]:
    """Return the values of infra/environment for a project, and the names that each release sets.

    Fills in the same placeholders as Terraform in ``infra/services.tf``.
    """
    path = FOLDER / "environment" / f"{service}.json"
    text = string.Template(path.read_text(encoding="utf-8"))
    filled = json.loads(
        text.substitute(
            project_id=project,
            project_number=number,
            region=region,
            audience=audience(service, project),
            model_bucket=f"{project}-props-models",
            raw_bucket=f"{project}-props-raw",
        )
    )
    return filled["values"], filled["from_release"]


def audience(service: str, project: str) -> str:
    """Return the audience of the callers' tokens."""
    return f"https://{service}.{project}.internal"


def environment_of(resource: Mapping[str, Any]) -> Environment:
    """Return the variables of a revision, or of a service's newest template."""
    spec = resource["spec"]
    containers = spec["template"]["spec"]["containers"] if "template" in spec else spec["containers"]
    return {e["name"]: e.get("value", "") for e in containers[0].get("env", [])}


def next_environment(
    values: Environment, from_release: Sequence[str], serving: Environment, new_values: Environment
) -> Environment:
    """Return the complete environment of the next revision: declared values, values that earlier releases
    set on the serving revision, and values of this release; later ones take precedence."""
    earlier_values = {name: serving[name] for name in from_release if name in serving}
    not_allowed = sorted(set(new_values) - set(from_release))
    if not_allowed:
        raise Refused(f"{', '.join(not_allowed)}: not left to a release by infra/environment")
    return {**values, **earlier_values, **new_values}


def undeclared(values: Environment, from_release: Sequence[str], actual: Environment) -> list[str]:
    """Return the undeclared names, which were set by hand."""
    return sorted(set(actual) - set(values) - set(from_release))


def differences(actual: Environment, expected: Environment) -> list[str]:
    """Return a message for every variable that is absent, different or not declared."""
    messages = [f"{n}: absent, expected {v!r}" for n, v in sorted(expected.items()) if n not in actual]
    messages += [
        f"{n}: {actual[n]!r}, expected {v!r}" for n, v in sorted(expected.items()) if actual.get(n, v) != v
    ]
    return messages + [f"{n}: {actual[n]!r}, not declared" for n in sorted(set(actual) - set(expected))]


def serving(service: Mapping[str, Any]) -> str:
    """Return the revision with 100 % of the traffic; ``Refused`` if the traffic is split."""
    shares = [t for t in service.get("status", {}).get("traffic", []) if t.get("percent")]
    if len(shares) != 1 or shares[0]["percent"] != 100:
        split = ", ".join(f"{t['revisionName']} {t['percent']} %" for t in shares) or "no traffic"
        raise Refused(f"the traffic is split: {split}; expected one revision with 100 %")
    return str(shares[0]["revisionName"])


def tag_url(service: Mapping[str, Any], revision: str) -> str:
    """Return the address of the tested revision, which nothing else calls."""
    for target in service["status"]["traffic"]:
        if target.get("tag") == CANARY and target.get("revisionName") == revision:
            return str(target["url"])
    raise Refused(f"{revision} has no address under the tag {CANARY}: another deployment may have taken it")


def digest(image: str) -> str:
    """Return the digest of an image; ``Refused`` for a tag, which can later point to another image."""
    _, separator, value = image.partition("@")
    if not separator or not value.startswith("sha256:") or len(value) != 71:
        raise Refused(f"image {image}: expected IMAGE@sha256:DIGEST")
    return value


def public_members(policy: Mapping[str, Any]) -> list[str]:
    """Return the public members of a policy, which let anyone call."""
    return sorted({m for b in policy.get("bindings", []) for m in b.get("members", []) if m in PUBLIC})


def path_variable(system_id: str) -> str:
    """Return the variable of a system's model path, as in shared/backends.py."""
    return f"{system_id.upper()}_MODEL_PATH"


def model_variables(path: str, manifest: Mapping[str, Any], generation: str) -> Environment:
    """Return the variables of a model: its path, and for the V9 model also its hash and generation."""
    system = str(manifest["system_id"])
    if system != PINNED_SYSTEM:
        return {path_variable(system): path}
    return {
        path_variable(system): path,
        "MODEL_SHA256": str(manifest["sha256"]),
        "MODEL_GENERATION": generation,
    }


def gcloud_list(parts: Sequence[str]) -> str:
    """Return a list in gcloud's syntax with a custom delimiter."""
    invalid = [p for p in parts if DELIMITER in p or "\n" in p]
    if invalid:
        raise Refused(f"{invalid[0]!r}: contains a line break or {DELIMITER}")
    return f"^{DELIMITER}^{DELIMITER.join(parts)}"


def drift(service: Mapping[str, Any], revision: Mapping[str, Any], expected: Environment) -> list[str]:
    """Return the differences of the serving revision from the declaration: traffic, image, environment."""
    messages = []
    newest = service.get("status", {}).get("latestCreatedRevisionName")
    name = revision["metadata"]["name"]
    if newest != name:
        messages.append(f"traffic: {name} serves, the newest revision is {newest}")
    try:
        digest(revision["spec"]["containers"][0]["image"])
    except Refused as exc:
        messages.append(str(exc))
    return messages + [f"environment: {line}" for line in differences(environment_of(revision), expected)]


def _print(text: object) -> None:
    sys.stdout.write(f"{text}\n")


def _load(path: str) -> Any:
    text = Path(path).read_text(encoding="utf-8").strip()
    return json.loads(text) if text else {}


def _pairs(items: Sequence[str]) -> Environment:
    return dict(item.split("=", 1) for item in items)


def _declared_environment(a: argparse.Namespace) -> tuple[Environment, list[str]]:
    return declared(a.service, a.project, a.number, a.region)


def _print_environment(a: argparse.Namespace) -> None:
    values, names = _declared_environment(a)
    actual = environment_of(_load(a.serving)) if a.serving else {}
    extra = undeclared(values, names, actual)
    if extra and not a.drop_undeclared:
        raise Refused(
            f"{', '.join(extra)}: set by hand on the serving revision; declare it in "
            f"infra/environment/{a.service}.json, or use --override REASON to remove it"
        )
    actual = {name: value for name, value in actual.items() if name not in a.unset}
    _print(json.dumps(next_environment(values, names, actual, _pairs(a.set)), indent=1))


def _print_flags(a: argparse.Namespace) -> None:
    """Print flags that turn the newest template into the expected environment: set all, remove the rest."""
    expected = _load(a.wanted)
    _print("--update-env-vars=" + gcloud_list([f"{n}={v}" for n, v in sorted(expected.items())]))
    template = _load(a.template)
    extra = sorted(set(environment_of(template)) - set(expected)) if template else []
    if extra:
        _print("--remove-env-vars=" + ",".join(extra))


def _print_changes(a: argparse.Namespace) -> None:
    actual = environment_of(_load(a.serving)) if a.serving else {}
    for line in differences(actual, _load(a.wanted)) or ["nothing changes"]:
        _print(f"  {line}")


def _check_revision(a: argparse.Namespace) -> None:
    revision = _load(a.revision)
    messages = differences(environment_of(revision), _load(a.wanted))
    image = revision["spec"]["containers"][0]["image"]
    if image != a.image:
        messages.append(f"image {image}, expected {a.image}")
    if messages:
        raise Refused("; ".join(messages))


def _print_value(a: argparse.Namespace) -> None:
    value = _load(a.file)
    for part in a.path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    _print("" if value is None else value)


def _print_model_variables(a: argparse.Namespace) -> None:
    manifest = _load(a.manifest)
    missing = [name for name in ("system_id", "sha256") if name not in manifest]
    if missing:
        raise Refused(f"{a.path}: the manifest has no {missing[0]}")
    for name, value in model_variables(a.path, manifest, a.generation).items():
        _print(f"{name}={value}")


def _check_drift(a: argparse.Namespace) -> None:
    values, names = _declared_environment(a)
    revision = _load(a.revision)
    actual = environment_of(revision)
    expected = {**values, **{n: actual[n] for n in names if n in actual}}
    messages = drift(_load(a.state), revision, expected)
    messages += [f"public: {member} may call" for member in public_members(_load(a.policy))]
    if messages:
        raise Refused("\n".join(messages))


def _check_closed(a: argparse.Namespace) -> None:
    members = public_members(_load(a.policy))
    if members:
        raise Refused(f"{', '.join(members)} may call the service: no public invoker is allowed")


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

    added = command("wanted", _print_environment, place=True)
    added.add_argument("--serving", default="")
    added.add_argument("--set", action="append", default=[])
    added.add_argument("--unset", action="append", default=[])
    added.add_argument("--drop-undeclared", action="store_true")
    command("flags", _print_flags, "--wanted", "--template")
    command("changes", _print_changes, "--wanted").add_argument("--serving", default="")
    command("compare", _check_revision, "--revision", "--wanted", "--image")
    command("drift", _check_drift, "--state", "--revision", "--policy", place=True)
    command("closed", _check_closed, "--policy")
    command("model", _print_model_variables, "path", "--manifest", "--generation")
    command("get", _print_value, "file", "path")
    command("variable", lambda a: _print(environment_of(_load(a.file)).get(a.name, "")), "file", "name")
    command("serving", lambda a: _print(serving(_load(a.file))), "file")
    command("tag-url", lambda a: _print(tag_url(_load(a.file), a.revision)), "file", "--revision")
    command("digest", lambda a: _print(digest(a.image)), "image")
    command("audience", lambda a: _print(audience(a.service, a.project)), "service", "project")
    added = command("list", lambda a: _print(gcloud_list(a.parts)))
    added.add_argument("parts", nargs="+")
    return parser


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except Refused as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
