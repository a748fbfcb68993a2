"""``props deployments``: the record of releases, and the questions that a release asks of a revision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfill_jobs.cli.framework import FINDING, Json, backend, print_json, print_lines, program, show
from backfill_jobs.cli.tables import print_table

if TYPE_CHECKING:
    from shared.application.operations.readiness import Check
    from shared.application.operations.release_check import HttpProbe

ASK_SECONDS = 30.0

deployments = program("Releases: what was deployed, and whether a revision is what it should be.")

Service = Annotated[str, typer.Option(help="prediction-coordinator or prediction-worker.")]
Commit = Annotated[str, typer.Option(help="Of the code in the image.")]


@deployments.command("list", examples=("props deployments list",))
def list_(
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None, as_json: Json = False
) -> None:
    """What was deployed, the newest first."""
    from shared.application.operations.deployments import Deployments

    rows = Deployments(backend().warehouse).newest(service)
    if as_json:
        print_json({"deployments": rows})
        return
    if not rows:
        print_lines(["no deployment is recorded here"])
        return
    columns = ("at (Eastern)", "service", "ended as", "commit", "revision, model, reason")
    print_table(None, columns, [_cells(r) for r in rows])


@deployments.command("check")
def check(
    url: Annotated[str, typer.Argument(help="Address of the service, or of one revision's tag.")],
    service: Service,
    commit: Annotated[str | None, typer.Option(help="That must run.")] = None,
    revision: Annotated[str | None, typer.Option(help="That must answer.")] = None,
    audience: Annotated[
        str | None, typer.Option(help="What the ID token is made for; without it none is sent.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Path of the V9 model that must run.")] = None,
    sha256: Annotated[str | None, typer.Option(help="Of that model.")] = None,
    as_json: Json = False,
) -> None:
    """Ask a running revision who it is, what it runs and what it predicts; exit 1 where anything differs."""
    from shared.application.operations.release_check import CheckRevision, ExpectedRevision

    use = backend()
    with _asking(url, audience) as client:
        meant = ExpectedRevision(service, commit, revision, model, sha256)
        found = CheckRevision(_ask(client), use.models, use.warehouse)(meant)
    _tell(found, as_json)


@deployments.command("schema", examples=("props deployments schema",))
def schema(as_json: Json = False) -> None:
    """Whether the warehouse has every table and column of this code; exit 1 where it has not."""
    from shared.application.operations.schema_check import schema_differences

    found = schema_differences(backend().warehouse)
    show(as_json, {"differences": found}, found or ["every declared table and column is there"])
    if found:
        raise typer.Exit(FINDING)


@deployments.command("record")
def record(
    deployment_id: Annotated[str, typer.Option("--id", help="Of the attempt; a repeat changes nothing.")],
    service: Service,
    action: Annotated[str, typer.Option(help="deploy or rollback.")],
    outcome: Annotated[str, typer.Option(help="succeeded, refused, rolled_back or rollback_failed.")],
    commit: Commit,
    by: Annotated[str, typer.Option(help="Account that deployed.")],
    reason: Annotated[str | None, typer.Option(help="Why it did not end well.")] = None,
    revision: Annotated[str | None, typer.Option(help="The new revision.")] = None,
    previous: Annotated[str | None, typer.Option(help="The revision before.")] = None,
    digest: Annotated[str | None, typer.Option(help="Of the image, sha256:...")] = None,
    model: Annotated[str | None, typer.Option(help="Path of the V9 model.")] = None,
    generation: Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Of its object.")] = None,
    sha256: Annotated[str | None, typer.Option(help="Of the model.")] = None,
    override: Annotated[str | None, typer.Option(help="Why another than the champion.")] = None,
    as_json: Json = False,
) -> None:
    """Keep how a deployment ended; bin/deploy-service.sh calls this."""
    from shared.application.operations.deployments import Deployment, Deployments

    done = Deployment(
        deployment_id=deployment_id, service=service, action=action, outcome=outcome, commit=commit,
        deployed_by=by, reason=reason, revision=revision, previous_revision=previous, image_digest=digest,
        model_path=model, model_generation=generation, model_sha256=sha256, override_reason=override,
    )  # fmt: skip
    row = Deployments(backend().warehouse).record(done, datetime.now(UTC))
    show(as_json, row, [f"kept: {service} {action} {outcome}, {row['deployed_at_eastern']}"])


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    at = row["deployed_at_eastern"][:16].replace("T", " ")
    told = (row["revision"], row["model_id"] or row["model_path"], row["reason"] or row["override_reason"])
    return (
        at,
        row["service"].removeprefix("prediction-"),
        f"{row['action']} {row['outcome']}",
        row["commit"][:8],
        "; ".join(part for part in told if part),
    )


def _tell(found: list[Check], as_json: bool) -> None:
    if as_json:
        print_json({"checks": [c.plain() for c in found]})
    else:
        print_table(None, ("", "check", "found"), [(_word(c), c.name, c.detail) for c in found])
    if not all(c.passed for c in found):
        raise typer.Exit(FINDING)


def _word(check: Check) -> str:
    return "OK" if check.passed else "FAILED"


def _asking(url: str, audience: str | None) -> Any:
    import httpx

    if audience is None:
        return httpx.Client(base_url=url, timeout=ASK_SECONDS)
    from shared.gcp.outgoing import IdTokenAuth

    return httpx.Client(base_url=url, timeout=ASK_SECONDS, auth=IdTokenAuth(audience))


def _ask(client: Any) -> HttpProbe:
    """Requests to the revision, failures of the network as ``Unavailable``."""
    import httpx

    from shared.errors import Unavailable

    def ask(path: str, body: object | None = None) -> tuple[int, Any]:
        try:
            answer = client.get(path) if body is None else client.post(path, json=body)
        except httpx.HTTPError as exc:
            raise Unavailable(f"{path}: {exc or type(exc).__name__}") from exc
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, answer.text[:200]

    return ask
