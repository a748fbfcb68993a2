"""Google's APIs as the real ``gcloud`` calls them, answered on this machine: Cloud Run by ``cloud.Cloud``, Cloud
Storage by the stand-in, and the metadata server that gives a job its token."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.deploy.cloud import NUMBER, Answered, Cloud
from tests.emulators.processes import HOST
from tests.services.issuer import Key

APIS = ("RUN", "SERVICEUSAGE", "CLOUDRESOURCEMANAGER", "ARTIFACTREGISTRY", "LOGGING")
KNATIVE = "/apis/serving.knative.dev/v1/namespaces/"
JOBS = "/apis/run.googleapis.com/v1/namespaces/"
HOP = ("host", "connection", "proxy-connection", "content-length", "transfer-encoding", "accept-encoding")
Json = dict[str, Any]


class ControlPlane:
    """An HTTP proxy that answers for ``*.googleapis.test``."""

    def __init__(self, cloud: Cloud, storage: str) -> None:
        self._cloud, self._storage = cloud, storage
        self._key = Key("k1")
        self.address = ""

    @contextmanager
    def running(self) -> Iterator[ControlPlane]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._answer(self)

            do_POST = do_PUT = do_GET  # noqa: N815  the names that http.server calls

            def log_message(self, *_: object) -> None:
                """Quiet."""

        with ThreadingHTTPServer((HOST, 0), Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            self.address = f"{HOST}:{server.server_port}"
            self._cloud.metadata_host = self.address
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def environment(self) -> dict[str, str]:
        """What leads gcloud here; with no folder of its own, no account and no prompts."""
        host, port = self.address.split(":")
        found = {
            "CLOUDSDK_CORE_PROJECT": self._cloud.project, "CLOUDSDK_RUN_REGION": "us-west2",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1", "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true", "CLOUDSDK_PROXY_TYPE": "http",
            "CLOUDSDK_PROXY_ADDRESS": host, "CLOUDSDK_PROXY_PORT": port,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": "http://storage.googleapis.test/storage/v1/",
        }  # fmt: skip
        for api in APIS:
            found[f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"] = f"http://{api.lower()}.googleapis.test/"
        return found

    def _answer(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("content-length") or 0))
        url = urlsplit(asked.path)
        host, path = url.netloc, url.path
        if host.startswith("storage."):
            self._pass_to_storage(asked, f"{path}?{url.query}", body)
            return
        if not host or path.startswith("/computeMetadata"):
            self._metadata(asked, path, parse_qs(url.query))
            return
        try:
            told = json.loads(body) if body else {}
            self._cloud.requests.append((asked.command, path, told))
            status, answer = 200, self._api(asked.command, host, path, told)
        except Answered as exc:
            status, answer = exc.status, {"error": {"code": exc.status, "message": str(exc)}}
        _send(asked, status, json.dumps(answer).encode(), "application/json")

    def _api(self, method: str, host: str, path: str, body: Json) -> Json:
        if host.startswith("serviceusage."):
            return {"name": path, "state": "ENABLED"}
        if host.startswith("cloudresourcemanager."):
            return {"projectId": self._cloud.project, "projectNumber": NUMBER, "lifecycleState": "ACTIVE"}
        if host.startswith("artifactregistry."):
            return self._registry(path)
        if host.startswith("logging."):
            return {"entries": self._cloud.entries(body.get("filter", ""), "desc" in body.get("orderBy", ""))}
        return self._run(method, path, body)

    def _run(self, method: str, path: str, body: Json) -> Json:
        name = path.rsplit("/", 1)[-1]
        routes: list[tuple[str, str, str, Callable[[], Json]]] = [
            ("GET", KNATIVE, "/services/", lambda: self._cloud.service(name)),
            ("PUT", KNATIVE, "/services/", lambda: self._cloud.replace(name, body)),
            ("POST", KNATIVE, "/services", lambda: self._cloud.create(body)),
            ("GET", KNATIVE, "/revisions/", lambda: self._cloud.revision(name)),
            ("GET", JOBS, "/jobs/", lambda: self._cloud.job(name)),
            ("POST", JOBS, ":run", lambda: self._cloud.run_job(name.removesuffix(":run"), body["overrides"])),
            ("GET", JOBS, "/executions/", lambda: self._cloud.execution(name)),
            ("GET", "/v1/projects/", ":getIamPolicy", lambda: self._cloud.policy(name.split(":")[0])),
            ("POST", "/v1/projects/", ":setIamPolicy", lambda: self._set_policy(name.split(":")[0], body)),
            ("POST", "/v1/projects/", ":testIamPermissions", lambda: {"permissions": body["permissions"]}),
        ]
        for verb, start, part, answer in routes:
            if method == verb and path.startswith(start) and part in path:
                return answer()
        raise Answered(501, f"{method} {path}: this control plane does not know it")

    def _set_policy(self, service: str, body: Json) -> Json:
        self._cloud.policy(service).update(body["policy"])
        return self._cloud.policy(service)

    def _registry(self, path: str) -> Json:
        if path.endswith("/repositories/props"):
            return {"name": path.removeprefix("/v1/"), "format": "DOCKER"}
        package = path.removesuffix("/tags").removeprefix("/v1/")
        tagged = [(k.split(":"), d) for k, d in self._cloud.images.items()]
        return {
            "tags": [
                {"name": f"{package}/tags/{tag}", "version": f"{package}/versions/{digest}"}
                for (name, tag), digest in tagged
                if package.endswith(f"/packages/{name}")
            ]
        }

    def _pass_to_storage(self, asked: BaseHTTPRequestHandler, path: str, body: bytes) -> None:
        headers = {k: v for k, v in asked.headers.items() if k.lower() not in HOP}
        url = self._storage + path
        got = httpx.request(asked.command, url, content=body, headers=headers, timeout=30)
        more = {
            k: v for k, v in got.headers.items() if k.lower() in ("location", "range", "x-guploader-uploadid")
        }
        more = {k: v.replace(self._storage, "http://storage.googleapis.test") for k, v in more.items()}
        _send(asked, got.status_code, got.content, got.headers.get("content-type", "text/plain"), more)

    def _metadata(self, asked: BaseHTTPRequestHandler, path: str, query: dict[str, list[str]]) -> None:
        email = f"props-release@{self._cloud.project}.iam.gserviceaccount.com"
        if path.endswith("/identity"):
            token = self._key.mint(aud=query["audience"][0], email=email, email_verified=True)
            _send(asked, 200, token.encode(), "text/plain", {"Metadata-Flavor": "Google"})
        elif "service-accounts/default" in path:
            told = json.dumps({"email": email, "scopes": [], "aliases": ["default"]}).encode()
            _send(asked, 200, told, "application/json", {"Metadata-Flavor": "Google"})
        else:
            _send(asked, 200, b"", "text/plain", {"Metadata-Flavor": "Google"})


def _send(
    asked: BaseHTTPRequestHandler, status: int, body: bytes, kind: str, more: dict[str, str] | None = None
) -> None:
    asked.send_response(status)
    for name, value in {"content-type": kind, "content-length": str(len(body)), **(more or {})}.items():
        asked.send_header(name, value)
    asked.end_headers()
    asked.wfile.write(body)
