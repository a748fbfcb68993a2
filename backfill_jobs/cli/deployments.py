"""``props deployments``: the record of releases, and the checks of a revision during a release."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfill_jobs.cli.framework import FINDING, Json, connect_backend, program
from backfill_jobs.cli.output import show, show_table

if TYPE_CHECKING:
    from shared.application.operations.readiness import Check
    from shared.application.operations.release_check import HttpProbe

TIMEOUT_SECONDS = 30.0

deployments = program("Releases: their record, and checks of a revision.")

Service = Annotated[str, typer.Option(help="prediction-coordinator or prediction-worker.")]
Commit = Annotated[str, typer.Option(help="Commit of the code in the image.")]


@deployments.command("list", examples=("props deployments list",))
def list_(
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None, as_json: Json = False
) -> None:
    """Deployments, the newest first."""
    from shared.application.operations.deployments import Deployments

    rows = Deployments(connect_backend().warehouse).newest(service)
    columns = ("at (Eastern)", "service", "outcome", "commit", "revision, model, reason")
    cells = [_cells(r) for r in rows]
    show_table(as_json, {"deployments": rows}, columns, cells, "no deployment is recorded here")


@deployments.command("check")
def check(
    url: Annotated[str, typer.Argument(help="Address of the service, or of one revision's tag.")],
    service: Service,
    commit: Annotated[str | None, typer.Option(help="Expected commit.")] = None,
    revision: Annotated[str | None, typer.Option(help="Expected revision.")] = None,
    audience: Annotated[
        str | None, typer.Option(help="Audience of the ID token; without it no token is sent.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Path of the expected V9 model.")] = None,
    sha256: Annotated[str | None, typer.Option(help="Expected hash of that model.")] = None,
    as_json: Json = False,
) -> None:
    """Check name, commit, model and predictions of a running revision; exit 1 if anything differs."""
    from shared.application.operations.release_check import CheckRevision, ExpectedRevision

    backend = connect_backend()
    with _client(url, audience) as client:
        expected = ExpectedRevision(service, commit, revision, model, sha256)
        checks = CheckRevision(_http_probe(client), backend.models, backend.warehouse)(expected)
    _show_checks(checks, as_json)


@deployments.command("schema", examples=("props deployments schema",))
def schema(as_json: Json = False) -> None:
    """Check that the warehouse has every table and column of this code; exit 1 if not."""
    from shared.application.operations.schema_check import schema_differences

    differences = schema_differences(connect_backend().warehouse)
    show(as_json, {"differences": differences}, differences or ["every declared table and column exists"])
    if differences:
        raise typer.Exit(FINDING)


@deployments.command("record")
def record(
    deployment_id: Annotated[str, typer.Option("--id", help="Id of the attempt; a repeat changes nothing.")],
    service: Service,
    action: Annotated[str, typer.Option(help="deploy or rollback.")],
    outcome: Annotated[str, typer.Option(help="succeeded, refused, rolled_back or rollback_failed.")],
    commit: Commit,
    by: Annotated[str, typer.Option(help="Account that deploys.")],
    reason: Annotated[str | None, typer.Option(help="Why it failed.")] = None,
    revision: Annotated[str | None, typer.Option(help="The new revision.")] = None,
    previous: Annotated[str | None, typer.Option(help="The previous revision.")] = None,
    digest: Annotated[str | None, typer.Option(help="Digest of the image, sha256:...")] = None,
    model: Annotated[str | None, typer.Option(help="Path of the V9 model.")] = None,
    generation: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="Generation of its object.")
    ] = None,
    sha256: Annotated[str | None, typer.Option(help="Hash of the model.")] = None,
    override: Annotated[
        str | None, typer.Option(help="Why a model other than the champion is deployed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record the outcome of a deployment; called by bin/deploy-service.sh."""
    from shared.application.operations.deployments import Deployment, Deployments

    deployment = Deployment(
        deployment_id=deployment_id, service=service, action=action, outcome=outcome, commit=commit,
        deployed_by=by, reason=reason, revision=revision, previous_revision=previous, image_digest=digest,
        model_path=model, model_generation=generation, model_sha256=sha256, override_reason=override,
    )  # fmt: skip
    row = Deployments(connect_backend().warehouse).record(deployment, datetime.now(UTC))
    show(as_json, row, [f"recorded: {service} {action} {outcome}, {row['deployed_at_eastern']}"])


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    deployed_at = row["deployed_at_eastern"][:16].replace("T", " ")
    details = (row["revision"], row["model_id"] or row["model_path"], row["reason"] or row["override_reason"])
    return (
        deployed_at,
        row["service"].removeprefix("prediction-"),
        f"{row['action']} {row['outcome']}",
        row["commit"][:8],
        "; ".join(part for part in details if part),
    )


def _show_checks(checks: list[Check], as_json: bool) -> None:
    rows = [("OK" if c.passed else "FAILED", c.name, c.detail) for c in checks]
    show_table(as_json, {"checks": checks}, ("", "check", "found"), rows, "no check was made")
    if not all(c.passed for c in checks):
        raise typer.Exit(FINDING)


def _client(url: str, audience: str | None) -> Any:
    import httpx

    from shared.gcp.outgoing import IdTokenAuth

    auth = None if audience is None else IdTokenAuth(audience)
    return httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, auth=auth)


def _http_probe(client: Any) -> HttpProbe:
    """Return a function that sends requests to the revision; network errors become ``Unavailable``."""
    import httpx

    from shared.errors import Unavailable

    def send(path: str, body: object | None = None) -> tuple[int, Any]:
        try:
            response = client.get(path) if body is None else client.post(path, json=body)
        except httpx.HTTPError as exc:
            raise Unavailable(f"{path}: {exc or type(exc).__name__}") from exc
        try:
            return response.status_code, response.json()
        except ValueError:
            return response.status_code, response.text[:200]

    return send
