from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from backfill_jobs.local_processes import free_port
from services.prediction_coordinator.settings import CoordinatorSettings
from services.prediction_worker.settings import WorkerSettings
from shared.application.operations.readiness import FAILED, PASSED, Check
from shared.errors import Unauthenticated, Unavailable
from shared.web.authentication import GOOGLE_CERTS, AuthPolicy, AuthSettings, is_authorised, protect
from shared.web.health import readiness_response
from shared.web.id_tokens import (
    GRACE_SECONDS,
    LEEWAY,
    MAX_CACHED_TOKENS,
    RETRY_SECONDS,
    Certificates,
    TokenPolicy,
    TokenVerifier,
)
from shared.web.problems import install_errors
from tests.services.clients import ask
from tests.services.issuer import AUDIENCE, CALLER, ISSUER, Key, bearer
from tests.services.local_server import LocalServer

TRUST = TokenPolicy(frozenset({AUDIENCE}), frozenset({CALLER}), frozenset({ISSUER}))
NOW = int(time.time())
Mint = Callable[[Key], str]


def service(
    auth_policy: AuthPolicy, checks: tuple[Check, ...] = (Check("store", PASSED, "answers", 1.0),)
) -> FastAPI:
    app = FastAPI()
    install_errors(app)
    protect(app, auth_policy)

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.get("/ready")
    def ready(request: Request) -> JSONResponse:
        return readiness_response(checks, is_authorised(request))

    @app.get("/closed")
    def closed(request: Request) -> str:
        return str(request.scope["caller"])

    return app


def get(app: FastAPI, path: str = "/closed", **more: Any) -> httpx.Response:
    return ask(app, "GET", path, **more)


def iam() -> AuthPolicy:
    settings = AuthSettings(auth="iam", auth_audiences=AUDIENCE, auth_emails=CALLER, k_service="worker")
    return settings.auth_policy()


def oidc(url: str) -> AuthPolicy:
    return AuthSettings(
        auth="oidc", auth_audiences=AUDIENCE, auth_emails=CALLER, auth_certs_url=url
    ).auth_policy()


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def with_header(key: Key, **header: Any) -> str:
    """A good token whose header is replaced, its signature kept."""
    _, claims, signature = key.mint().split(".")
    return f"{part(header)}.{claims}.{signature}"


def signed_with_the_certificate(key: Key) -> str:
    """HS256 with the public certificate as the shared secret."""
    claims = key.mint().split(".")[1]
    text = f"{part({'alg': 'HS256', 'kid': key.kid})}.{claims}"
    mac = hmac.new(key.certificate.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


WRONG_CLAIMS: dict[str, tuple[int, Mint]] = {
    "wrong audience": (401, lambda k: k.mint(aud="https://other.example")),
    "wrong audiences": (401, lambda k: k.mint(aud=["https://other.example", "x"])),
    "no audience": (401, lambda k: k.mint(aud=None)),
    "wrong issuer": (401, lambda k: k.mint(iss="https://issuer.example")),
    "no issuer": (401, lambda k: k.mint(iss=None)),
    "expired": (401, lambda k: k.mint(iat=NOW - 7200, exp=NOW - 3600)),
    "without end": (401, lambda k: k.mint(exp=None)),
    "end that is no number": (401, lambda k: k.mint(exp="never")),
    "not valid yet": (401, lambda k: k.mint(iat=NOW + 3600, exp=NOW + 7200)),
    "not before": (401, lambda k: k.mint(nbf=NOW + 3600)),
    "email not in the list": (403, lambda k: k.mint(email="other@project.example")),
    "email in capitals": (403, lambda k: k.mint(email=CALLER.upper())),
    "email not verified": (403, lambda k: k.mint(email_verified=False)),
    "email verified in words": (401, lambda k: k.mint(email_verified="true")),
    "nothing on verification": (403, lambda k: k.mint(email_verified=None)),
    "no email": (403, lambda k: k.mint(email=None)),
    "claims that are no object": (401, lambda _: f"{part({'alg': 'RS256'})}.{part([1])}.c2ln"),
    "empty": (401, lambda _: ""),
    "one part": (401, lambda _: "abc"),
    "not base64": (401, lambda _: "a!.b!.c!"),
    "not JSON": (401, lambda _: "YWJj.YWJj.YWJj"),
    "deep": (401, lambda _: f"{base64.urlsafe_b64encode(b'[' * 9000).decode()}.e30.e30"),
}
WRONG_SIGNATURES: dict[str, Mint] = {
    "alg none": lambda k: with_header(k, alg="none", kid=k.kid),
    "alg none, no signature": lambda k: ".".join([part({"alg": "none"}), k.mint().split(".")[1], ""]),
    "HS256 with the public key": signed_with_the_certificate,
    "ES256": lambda k: with_header(k, alg="ES256", kid=k.kid),
    "unknown key": lambda k: with_header(k, alg="RS256", kid="k9"),
    "no key named": lambda k: with_header(k, alg="RS256"),
    "header changed": lambda k: with_header(k, alg="RS256", kid=k.kid, typ="other"),
    "claims of another token": lambda k: ".".join(
        [
            k.mint().split(".")[0],
            part(
                {
                    "iss": ISSUER,
                    "aud": AUDIENCE,
                    "iat": NOW,
                    "exp": NOW + 9999,
                    "email": CALLER,
                    "email_verified": True,
                }
            ),
            k.mint().split(".")[2],
        ]
    ),
    "signature removed": lambda k: k.mint().rsplit(".", 1)[0] + ".SIGNATURE_REMOVED_BY_GOOGLE",
    "signature cut": lambda k: k.mint()[:-20],
    "signature not base64": lambda k: k.mint().rsplit(".", 1)[0] + ".!!!",
}


def refused(answer: httpx.Response, status: int) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.headers.get("www-authenticate") == "Bearer") == (status == 401)
    return answer.json()["status"] == status


@pytest.mark.parametrize("name", [*WRONG_CLAIMS, *WRONG_SIGNATURES])
def test_oidc_believes_no_token_that_is_wrong_in_any_way(
    certificates: LocalServer, key: Key, name: str
) -> None:
    status, mint = WRONG_CLAIMS[name] if name in WRONG_CLAIMS else (401, WRONG_SIGNATURES[name])
    app = service(oidc(certificates.url))
    assert refused(get(app, headers=bearer(mint(key))), status)
    assert get(app, headers=bearer(key.mint())).json() == CALLER


@pytest.mark.parametrize("name", ["alg none", "alg none, no signature", "HS256 with the public key", "ES256"])
def test_the_algorithm_is_not_the_tokens_to_choose(certificates: LocalServer, key: Key, name: str) -> None:
    answer = get(service(oidc(certificates.url)), headers=bearer(WRONG_SIGNATURES[name](key)))
    assert answer.json()["detail"] == "the token is not signed with RS256"
    assert certificates.asked == []


def test_an_operator_reads_who_was_kept_out(key: Key, caplog: pytest.LogCaptureFixture) -> None:
    get(service(iam()), headers=bearer(key.mint(email="other@project.example")))
    assert "other@project.example may not call this service" in caplog.text
    assert key.mint().split(".")[1] not in caplog.text


def test_oidc_believes_no_other_key(certificates: LocalServer, other_key: Key) -> None:
    assert refused(get(service(oidc(certificates.url)), headers=bearer(other_key.mint())), 401)


@pytest.mark.parametrize("name", WRONG_CLAIMS)
def test_behind_cloud_run_every_claim_is_checked(key: Key, name: str) -> None:
    status, mint = WRONG_CLAIMS[name]
    assert refused(get(service(iam()), headers=bearer(mint(key))), status)


def test_behind_cloud_run_the_signature_is_the_platforms(key: Key) -> None:
    redacted = key.mint().rsplit(".", 1)[0] + ".SIGNATURE_REMOVED_BY_GOOGLE"
    assert get(service(iam()), headers=bearer(redacted)).json() == CALLER


def test_behind_cloud_run_the_header_that_the_platform_checked_is_the_one_that_counts(key: Key) -> None:
    """With both headers Cloud Run checks X-Serverless-Authorization: the other may hold anything."""
    somebody = f"Bearer {key.mint(email='other@project.example')}"
    both = {"X-Serverless-Authorization": somebody, **bearer(key.mint())}
    assert refused(get(service(iam()), headers=both), 403)
    swapped = {"X-Serverless-Authorization": f"Bearer {key.mint()}", "Authorization": somebody}
    assert get(service(iam()), headers=swapped).json() == CALLER


def test_oidc_does_not_know_the_platforms_header(certificates: LocalServer, key: Key) -> None:
    header = {"X-Serverless-Authorization": f"Bearer {key.mint()}"}
    assert refused(get(service(oidc(certificates.url)), headers=header), 401)


def test_a_token_has_one_place(certificates: LocalServer, key: Key) -> None:
    app, good = service(oidc(certificates.url)), f"Bearer {key.mint()}"
    assert refused(get(app), 401)
    assert refused(get(app, params={"access_token": key.mint()}), 401)
    assert refused(get(app, headers={"Authorization": f"Basic {key.mint()}"}), 401)
    assert refused(get(app, headers=[("Authorization", good), ("Authorization", good)]), 401)
    assert get(app, headers={"authorization": good.replace("Bearer", "bearer")}).status_code == 200


def test_an_audience_in_a_list_is_enough(certificates: LocalServer, key: Key) -> None:
    assert (
        get(service(oidc(certificates.url)), headers=bearer(key.mint(aud=["x", AUDIENCE]))).status_code == 200
    )


def test_clocks_may_differ_a_little(key: Key) -> None:
    app, now = service(iam()), int(time.time())
    assert get(app, headers=bearer(key.mint(exp=now - 5))).status_code == 200
    assert get(app, headers=bearer(key.mint(iat=now + 10))).status_code == 200


@pytest.mark.parametrize(
    "path", ["/closed", "/nothing", "/docs", "/redoc", "/openapi.json", "/health/", "/ready/x"]
)
def test_every_path_but_two_is_closed(path: str) -> None:
    assert refused(get(service(iam()), path), 401)
    assert get(service(iam()), "/health").json() == "ok"


def test_ready_tells_its_checks_to_who_may_know_them(key: Key) -> None:
    passed = service(iam())
    assert get(passed, "/ready").json() == {"status": "ready"}
    assert get(passed, "/ready", headers=bearer("abc")).json() == {"status": "ready"}
    told = get(passed, "/ready", headers=bearer(key.mint())).json()
    assert told["checks"] == [{"name": "store", "status": PASSED, "detail": "answers", "ms": 1.0}]
    failed = service(iam(), (Check("store", FAILED, "folder /secret is gone", 1.0),))
    hidden = get(failed, "/ready")
    assert (hidden.status_code, "secret" in hidden.text, "checks" in hidden.json()) == (503, False, False)
    shown = get(failed, "/ready", headers=bearer(key.mint())).json()
    assert (shown["checks"][0]["status"], shown["detail"]) == (FAILED, "store: folder /secret is gone")


def test_the_document_says_what_is_closed() -> None:
    app = service(iam())
    paths = app.openapi()["paths"]
    assert paths["/closed"]["get"]["security"] == [{"idToken": []}]
    assert {"401", "403", "503"} <= set(paths["/closed"]["get"]["responses"])
    assert "security" not in paths["/health"]["get"]
    assert app.openapi()["components"]["securitySchemes"]["idToken"]["scheme"] == "bearer"


def test_many_tokens_cost_one_fetch(certificates: LocalServer, key: Key) -> None:
    app = service(oidc(certificates.url))
    for n in range(5):
        assert get(app, headers=bearer(key.mint(iat=NOW - n))).status_code == 200
    assert len(certificates.asked) == 1


@pytest.mark.slow
def test_a_token_believed_once_is_known_until_it_expires(certificates: LocalServer, key: Key) -> None:
    verify = TokenVerifier(TRUST, Certificates(certificates.url))
    token = key.mint(exp=int(time.time() - LEEWAY) + 2)
    assert asyncio.run(verify(token)) == CALLER
    verify._certificates = Certificates("http://127.0.0.1:1/none")
    assert asyncio.run(verify(token)) == CALLER
    with pytest.raises(Unavailable):
        asyncio.run(verify(key.mint()))
    time.sleep(2.1)
    with pytest.raises(Unauthenticated, match="expired"):
        asyncio.run(verify(token))


def test_known_tokens_have_a_bound(key: Key) -> None:
    async def many() -> TokenVerifier:
        verify = TokenVerifier(TRUST, None)
        header, _, signature = key.mint().split(".")
        for n in range(MAX_CACHED_TOKENS + 10):
            claims = {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "iat": NOW - n,
                "exp": NOW + 9999,
                "email": CALLER,
                "email_verified": True,
            }
            await verify(f"{header}.{part(claims)}.{signature}")
        return verify

    assert len(asyncio.run(many())._accepted) == MAX_CACHED_TOKENS


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_certificates_are_kept_as_long_as_their_server_allows_and_an_hour_more(
    certificates: LocalServer, key: Key
) -> None:
    clock = Clock()
    ask = Certificates(certificates.url, clock)
    assert set(ask()) == {key.kid}
    clock.now += 599
    assert (set(ask()), len(certificates.asked)) == ({key.kid}, 1)
    certificates.status = 500
    clock.now += 2
    assert (set(ask()), len(certificates.asked)) == ({key.kid}, 2)
    assert (set(ask()), len(certificates.asked)) == ({key.kid}, 2)
    clock.now += GRACE_SECONDS
    with pytest.raises(Unavailable, match="500"):
        ask()
    certificates.status = 200
    with pytest.raises(Unavailable, match="500"):
        ask()
    assert len(certificates.asked) == 3
    clock.now += RETRY_SECONDS
    assert (set(ask()), len(certificates.asked)) == ({key.kid}, 4)


def test_of_many_who_want_certificates_one_fetches(certificates: LocalServer) -> None:
    ask = Certificates(certificates.url)
    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(certificates.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (500, b"", {}),
        (404, b"{}", {}),
        (302, b"{}", {"Location": "http://127.0.0.1:1/elsewhere"}),
        (200, b"not json", {}),
        (200, b'["a"]', {}),
        (200, b'{"keys": [{"kid": "k1"}]}', {}),
    ],
    ids=["error", "missing", "moved", "no JSON", "no object", "other format"],
)
def test_without_certificates_nobody_is_refused_for_good(
    certificates: LocalServer, key: Key, status: int, body: bytes, headers: dict[str, str]
) -> None:
    certificates.status, certificates.body, certificates.headers = status, body, headers
    app = service(oidc(certificates.url))
    assert refused(get(app, headers=bearer(key.mint())), 503)
    assert refused(get(app, headers=bearer(key.mint(aud="x"))), 401)
    assert get(app, "/health").status_code == 200
    assert get(app, "/ready", headers=bearer(key.mint())).json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8080"}, 200),
        ({"Host": "[::1]:8080"}, 200),
        ({"Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:8080"}, 200),
        ({"Host": "rebound.example"}, 403),
        ({"Host": "127.0.0.1.rebound.example"}, 403),
        ({"Host": "localhost@rebound.example"}, 403),
        ({"Host": "[::1"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "https://site.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_page_of_another_site_gets_nothing_from_this_machine(headers: dict[str, str], status: int) -> None:
    app = service(AuthPolicy())
    assert get(app, headers=headers).status_code == status
    assert get(app, "/health", headers=headers).status_code == status


ALL = {"auth_audiences": AUDIENCE, "auth_emails": CALLER}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"auth": "none"}, "'loopback', 'iam' or 'oidc'"),
        ({"auth": "oidc"}, "AUTH_AUDIENCES is empty"),
        ({"auth": "oidc", **ALL, "auth_audiences": " , "}, "AUTH_AUDIENCES is empty"),
        ({"auth": "oidc", **ALL, "auth_emails": ""}, "AUTH_EMAILS is empty"),
        ({"auth": "oidc", **ALL, "auth_issuers": ""}, "AUTH_ISSUERS is empty"),
        ({"auth": "iam", **ALL}, "AUTH=iam works on Cloud Run only"),
        ({"auth": "oidc", **ALL, "auth_certs_url": "https://certs.example/"}, "AUTH_CERTS_URL"),
        ({"auth": "oidc", **ALL, "auth_certs_url": "https://127.0.0.1/"}, "AUTH_CERTS_URL"),
        ({"auth": "oidc", **ALL, "auth_certs_url": "http://127.0.0.1@certs.example/"}, "AUTH_CERTS_URL"),
        ({"auth": "oidc", **ALL, "auth_certs_url": "file:///etc/certs"}, "AUTH_CERTS_URL"),
        ({"bind_host": "0.0.0.0"}, "BIND_HOST 0.0.0.0"),
        ({"bind_host": "example.org"}, "BIND_HOST example.org"),
    ],
)
def test_settings_that_would_leave_a_door_open_stop_the_start(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        AuthSettings(**given)


@pytest.mark.parametrize("kind", [CoordinatorSettings, WorkerSettings])
def test_both_services_have_the_settings(kind: type[CoordinatorSettings | WorkerSettings]) -> None:
    plain = kind()
    assert (plain.host, plain.auth_policy(), plain.limits().push_bytes) == (
        "127.0.0.1",
        AuthPolicy(),
        1024 * 1024,
    )
    public = kind(auth="oidc", auth_audiences="a, b", auth_emails=CALLER)
    assert public.host == "0.0.0.0"
    auth_policy = public.auth_policy()
    assert auth_policy.certs_url == GOOGLE_CERTS
    assert auth_policy.token_policy is not None
    assert auth_policy.token_policy.audiences == {"a", "b"}
    assert kind(auth="iam", k_service="s", **ALL).auth_policy().certs_url is None


def process(home: Path, port: int, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "services.prediction_coordinator"],
        env={**os.environ, "PROPS_HOME": str(home), "PORT": str(port), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_a_process_does_not_start_half_closed(tmp_path: Path) -> None:
    with process(tmp_path, free_port(), AUTH="oidc", AUTH_AUDIENCES=AUDIENCE) as started:
        told, _ = started.communicate(timeout=60)
    assert started.returncode == 1
    assert "AUTH_EMAILS is empty, AUTH=oidc needs at least one" in told
    assert "Traceback" not in told


@pytest.mark.slow
def test_a_process_asks_who_calls(tmp_path: Path, certificates: LocalServer, key: Key) -> None:
    port = free_port()
    environment = {
        "AUTH": "oidc",
        "AUTH_AUDIENCES": AUDIENCE,
        "AUTH_EMAILS": CALLER,
        "AUTH_CERTS_URL": certificates.url,
        "BIND_HOST": "127.0.0.1",
    }
    url = f"http://127.0.0.1:{port}"
    with process(tmp_path, port, **environment) as started:
        try:
            assert until_it_answers(f"{url}/health")
            assert httpx.get(f"{url}/runs").status_code == 401
            assert httpx.get(f"{url}/runs", headers=bearer(key.mint())).json() == {"runs": []}
            assert "checks" not in httpx.get(f"{url}/ready").json()
        finally:
            started.terminate()
            started.communicate(timeout=20)


def until_it_answers(url: str) -> bool:
    for _ in range(300):
        try:
            return httpx.get(url).status_code == 200
        except httpx.TransportError:
            time.sleep(0.1)
    return False
