from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from backfill_jobs.cli.service_checks import ServiceUrls, check_services
from shared.domain.findings import Severity
from shared.errors import Unavailable
from shared.gcp.outgoing import IdTokenAuth
from tests.services.issuer import Key
from tests.services.local_server import LocalServer


@pytest.fixture
def account(server: LocalServer, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account of this process, whose tokens the server gives out."""
    told = {
        "type": "service_account",
        "client_email": "caller@project.example",
        "private_key": key.private_pem,
        "private_key_id": key.kid,
        "token_uri": f"{server.url}/token",
    }
    path = tmp_path / "account.json"
    path.write_text(json.dumps(told))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))


def call(auth: IdTokenAuth) -> str:
    """The header that a call carries."""
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, text=request.headers["authorization"])
    )
    with httpx.Client(transport=transport) as client:
        return client.get("https://worker.example/ready", auth=auth).text


@pytest.mark.usefixtures("account")
def test_calls_carry_a_token_that_is_asked_for_once_in_its_life(server: LocalServer, key: Key) -> None:
    first, second = key.mint(), key.mint(aud="https://coordinator.example")
    auth = IdTokenAuth("https://worker.example")
    server.body = json.dumps({"id_token": first}).encode()
    assert call(auth) == call(auth) == f"Bearer {first}"
    assert len(server.asked) == 1
    server.body = json.dumps({"id_token": key.mint(exp=int(time.time()) + 30)}).encode()
    soon = IdTokenAuth("https://worker.example")
    call(soon)
    server.body = json.dumps({"id_token": second}).encode()
    assert call(soon) == f"Bearer {second}"
    assert len(server.asked) == 3


@pytest.mark.usefixtures("account")
def test_where_no_token_is_had_nothing_is_sent(server: LocalServer) -> None:
    server.status, server.body = 400, b'{"error": "invalid_grant"}'
    with pytest.raises(Unavailable, match=r"no ID token for https://worker\.example"):
        call(IdTokenAuth("https://worker.example"))


READY = {"checks": [{"name": "warehouse", "status": "passed", "detail": "answers", "ms": 3.0}]}
NOT_READY = {"checks": [{"name": "model:catboost_v9", "status": "failed", "detail": "is gone", "ms": 0.0}]}


def test_the_doctor_asks_services_of_this_machine_without_a_token(server: LocalServer) -> None:
    assert check_services(ServiceUrls()) == []
    server.body = json.dumps(READY).encode()
    (found,) = check_services(ServiceUrls(worker_url=server.url))
    assert (found.check, found.severity) == ("service:worker:warehouse", Severity.OK)
    assert "authorization" not in server.asked[0]
    server.status, server.body = 503, json.dumps(NOT_READY).encode()
    (found,) = check_services(ServiceUrls(coordinator_url=server.url))
    assert (found.check, found.severity) == ("service:coordinator:model:catboost_v9", Severity.CRITICAL)
    assert "is gone" in found.evidence


@pytest.mark.parametrize(
    "url", ["http://worker.example", "ftp://worker.example", "worker.example", "http://[::1"]
)
def test_a_token_never_travels_in_the_clear(url: str) -> None:
    (found,) = check_services(ServiceUrls(worker_url=url))
    assert found.severity is Severity.CRITICAL
    assert "expected https" in found.evidence or "Invalid" in found.evidence


def test_a_service_that_tells_nothing_is_a_finding(server: LocalServer) -> None:
    server.body = json.dumps({"status": "ready"}).encode()
    (found,) = check_services(ServiceUrls(worker_url=server.url))
    assert (found.severity, "may this account call?" in found.evidence) == (Severity.CRITICAL, True)
