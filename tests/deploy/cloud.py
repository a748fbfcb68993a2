"""What Cloud Run remembers and does, as far as a release can see it.

Assumed of it, from its published API and from what the real ``gcloud`` sends and reads: services are
Knative objects with a ``resourceVersion`` that a stale write loses by (409); a changed template makes a
revision, started before it is ready; ``status.traffic`` follows ``spec.traffic``; a tag has an address of its
own; a service that nobody was granted ``roles/run.invoker`` on refuses every call. Not shown: quotas, IAM of
the one who deploys, scaling, the minutes that any of it takes.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.deploy.processes import ROOT, Address, Instance

NUMBER = "123456789012"
Json = dict[str, Any]


class Answered(Exception):
    """An error that the API answers with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Cloud:
    """``environment``: what leads the processes to the stand-ins."""

    def __init__(self, project: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.project = project
        self.images: dict[str, str] = {}
        self._accident: Callable[[Json], object] = _nothing
        self._on_traffic: Callable[[str], object] = _nothing
        self.requests: list[tuple[str, str, Json]] = []
        self.metadata_host = ""
        self._folder = folder
        self._environment = dict(environment)
        self._services: dict[str, Json] = {}
        self._revisions: dict[str, Json] = {}
        self._instances: dict[str, Instance] = {}
        self._addresses: dict[tuple[str, str], Address] = {}
        self._policies: dict[str, Json] = {}
        self._executions: dict[str, Json] = {}
        self._job_lines: list[Json] = []
        self._lock = threading.RLock()

    def close(self) -> None:
        for address in self._addresses.values():
            address.close()
        for instance in self._instances.values():
            instance.stop()

    @contextmanager
    def meddling(
        self,
        accident: Callable[[Json], object] | None = None,
        on_traffic: Callable[[str], object] | None = None,
    ) -> Iterator[None]:
        """Meanwhile ``accident`` gets the environment of each revision on its way in, and ``on_traffic`` the
        name of each that has just been given the traffic."""
        self._accident, self._on_traffic = accident or _nothing, on_traffic or _nothing
        try:
            yield
        finally:
            self._accident, self._on_traffic = _nothing, _nothing

    # What a test looks at.

    def serving(self, service: str) -> dict[str, int]:
        """Percent by revision."""
        return {
            t["revisionName"]: t["percent"]
            for t in self._services[service]["status"]["traffic"]
            if t.get("percent")
        }

    def tags(self, service: str) -> list[str]:
        return [t["tag"] for t in self._services[service]["status"]["traffic"] if "tag" in t]

    def environment(self, revision: str) -> dict[str, str]:
        return {e["name"]: e["value"] for e in self._revisions[revision]["spec"]["containers"][0]["env"]}

    def revisions(self, service: str) -> list[str]:
        return [n for n, r in self._revisions.items() if r["metadata"]["labels"][OWNER] == service]

    def kill(self, revision: str) -> None:
        self._instances[revision].kill()

    def policy(self, service: str) -> Json:
        return self._policies.setdefault(service, {"bindings": [], "etag": "QndY", "version": 1})

    def grant(self, service: str, member: str) -> None:
        self.policy(service)["bindings"].append({"role": "roles/run.invoker", "members": [member]})

    # What the API does.

    def service(self, name: str) -> Json:
        with self._lock:
            if name not in self._services:
                raise Answered(404, f"Resource '{name}' of kind 'SERVICE' does not exist.")
            return copy.deepcopy(self._services[name])

    def revision(self, name: str) -> Json:
        if name not in self._revisions:
            raise Answered(404, f"Resource '{name}' of kind 'REVISION' does not exist.")
        return copy.deepcopy(self._revisions[name])

    def create(self, body: Json) -> Json:
        with self._lock:
            name = body["metadata"]["name"]
            if name in self._services:
                raise Answered(409, f"Resource '{name}' already exists.")
            self._addresses[name, ""] = Address(
                lambda: self._serves(name), lambda e, a: self._admits(name, e, a)
            )
            body["metadata"] |= {"namespace": NUMBER, "generation": 0, "resourceVersion": "v0", "uid": name}
            body["metadata"].setdefault("labels", {})["cloud.googleapis.com/location"] = "us-west2"
            body["metadata"].setdefault("annotations", {})
            return self._write(name, body, {})

    def replace(self, name: str, body: Json) -> Json:
        with self._lock:
            there = self.service(name)
            version = body["metadata"].get("resourceVersion")
            if version and version != there["metadata"]["resourceVersion"]:
                raise Answered(409, f"Conflict for resource '{name}': version '{version}' is stale.")
            return self._write(name, body, there)

    def _write(self, name: str, body: Json, there: Json) -> Json:
        generation = (there or body)["metadata"]["generation"] + 1
        body["metadata"] |= {
            "generation": generation,
            "resourceVersion": f"v{generation}",
            "namespace": NUMBER,
        }
        template = body["spec"]["template"]
        newest = there.get("status", {}).get("latestCreatedRevisionName")
        if not there or template != there["spec"]["template"]:
            newest = template["metadata"].get("name") or f"{name}-{generation:05d}-{'abc'}"
            if newest in self._revisions:
                raise Answered(409, f"Revision named '{newest}' with different configuration already exists.")
            self._start(name, newest, template)
        ready = self._is_ready(newest)
        latest_ready = newest if ready else there.get("status", {}).get("latestReadyRevisionName")
        asked = body["spec"].get("traffic") or [{"latestRevision": True, "percent": 100}]
        traffic = [self._target(name, t, latest_ready) for t in asked if latest_ready]
        word = "True" if ready else "False"
        conditions = [{"type": kind, "status": word} for kind in ("Ready", "ConfigurationsReady")]
        if not ready:
            for condition in conditions:
                condition["message"] = f"Revision '{newest}' is not ready and cannot serve traffic."
        body["status"] = {
            "observedGeneration": generation,
            "conditions": [*conditions, {"type": "RoutesReady", "status": "True"}],
            "latestCreatedRevisionName": newest,
            "latestReadyRevisionName": latest_ready,
            "traffic": traffic,
            "url": self._addresses[name, ""].url,
            "address": {"url": self._addresses[name, ""].url},
        }
        body.setdefault("apiVersion", "serving.knative.dev/v1")
        body.setdefault("kind", "Service")
        before = self.serving(name) if there else {}
        self._services[name] = body
        for revision in self.serving(name):
            if revision not in before and there:
                self._on_traffic(revision)
        return copy.deepcopy(body)

    def _start(self, service: str, revision: str, template: Json) -> None:
        spec = copy.deepcopy(template["spec"])
        container = spec["containers"][0]
        environment = {e["name"]: e.get("value", "") for e in container.get("env", [])}
        self._accident(environment)
        container["env"] = [{"name": n, "value": v} for n, v in environment.items()]
        instance = Instance(service, revision, {**environment, **self._environment}, self._folder)
        self._instances[revision] = instance
        word = "True" if instance.becomes_ready() else "False"
        self._revisions[revision] = {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Revision",
            "metadata": {
                "name": revision,
                "namespace": NUMBER,
                "generation": 1,
                "creationTimestamp": _now(),
                "labels": {
                    **template["metadata"].get("labels", {}),
                    OWNER: service,
                    "cloud.googleapis.com/location": "us-west2",
                },
                "annotations": template["metadata"].get("annotations", {}),
            },
            "spec": spec,
            "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": word}]},
        }

    def _is_ready(self, revision: str | None) -> bool:
        known = self._revisions.get(revision or "")
        return known is not None and known["status"]["conditions"][0]["status"] == "True"

    def _target(self, service: str, asked: Json, latest: str | None) -> Json:
        target = {k: v for k, v in asked.items() if k in ("percent", "tag", "latestRevision") and v}
        target["revisionName"] = latest if asked.get("latestRevision") else asked["revisionName"]
        if target["revisionName"] not in self._revisions:
            raise Answered(400, f"Revision {target['revisionName']!r} does not exist.")
        if "tag" in target:
            key = (service, target["tag"])
            if key not in self._addresses:
                tag = target["tag"]
                self._addresses[key] = Address(
                    lambda: self._tagged(service, tag), lambda e, a: self._admits(service, e, a)
                )
            target["url"] = self._addresses[key].url
        return target

    def _serves(self, service: str) -> Instance | None:
        (revision,) = list(self.serving(service))[:1] or [""]
        return self._instances.get(revision)

    def _tagged(self, service: str, tag: str) -> Instance | None:
        for target in self._services[service]["status"]["traffic"]:
            if target.get("tag") == tag:
                return self._instances.get(target["revisionName"])
        return None

    def _admits(self, service: str, email: str, audience: str) -> bool:
        annotations = self._services[service]["metadata"]["annotations"]
        audiences = json.loads(annotations.get("run.googleapis.com/custom-audiences", "[]"))
        members = {
            m
            for b in self.policy(service)["bindings"]
            if b["role"] == "roles/run.invoker"
            for m in b["members"]
        }
        return audience in audiences and f"serviceAccount:{email}" in members

    # Jobs.

    def job(self, name: str) -> Json:
        if name != "props-release":
            raise Answered(404, f"Resource '{name}' of kind 'JOB' does not exist.")
        container = {"image": "props@sha256:" + "3" * 64, "args": ["deployments", "list"]}
        task = {"spec": {"template": {"spec": {"containers": [container]}}, "taskCount": 1}}
        return {
            "apiVersion": "run.googleapis.com/v1",
            "kind": "Job",
            "metadata": {
                "name": name,
                "namespace": NUMBER,
                "labels": {"cloud.googleapis.com/location": "us-west2"},
            },
            "spec": {"template": task},
        }

    def run_job(self, name: str, overrides: Json) -> Json:
        job = self.job(name)
        (override,) = overrides["containerOverrides"]
        with self._lock:
            execution = f"{name}-{len(self._executions):05d}"
            self._executions[execution] = {}
        declared = json.loads((ROOT / "infra" / "environment" / "props.json").read_text())["values"]
        environment = {
            name: value.replace("${project_id}", self.project).replace("${region}", "us-west2")
            for name, value in declared.items()
        }
        told = subprocess.run(
            [sys.executable, "-m", "backfill_jobs.cli.main", *override["args"]],
            env={
                "PATH": "/usr/bin:/bin", "HOME": str(self._folder), "PYTHONPATH": str(ROOT), "COLUMNS": "160",
                **environment, **self._environment, "GCE_METADATA_HOST": self.metadata_host,
                "GCE_METADATA_IP": self.metadata_host, "NO_GCE_CHECK": "false",
            },
            cwd=self._folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        labels = {"run.googleapis.com/job": name, "cloud.googleapis.com/location": "us-west2"}
        word = "True" if told.returncode == 0 else "False"
        for line in (told.stdout + told.stderr).splitlines():
            self._job_lines.append(
                {
                    "timestamp": _now(), "severity": "DEFAULT", "textPayload": line,
                    "resource": {"type": "cloud_run_job", "labels": {"job_name": name}},
                    "labels": {"run.googleapis.com/execution_name": execution},
                }
            )  # fmt: skip
        self._executions[execution] = {
            "apiVersion": "run.googleapis.com/v1",
            "kind": "Execution",
            "metadata": {
                "name": execution,
                "namespace": NUMBER,
                "generation": 1,
                "labels": labels,
                "annotations": {},
            },
            "spec": job["spec"]["template"]["spec"],
            "status": {
                "observedGeneration": 1,
                "conditions": [
                    {"type": "Completed", "status": word, "message": f"exit {told.returncode}"},
                    {"type": "ResourcesAvailable", "status": "True"},
                    {"type": "Started", "status": "True"},
                ],
            },
        }
        return self._executions[execution]

    def execution(self, name: str) -> Json:
        return self._executions[name]

    # Logs.

    def entries(self, filter_: str, newest_first: bool) -> list[Json]:
        """``Answered`` for a filter with a term that nothing here understands."""
        terms = [_term(part.strip()) for part in filter_.split(" AND ")]
        found = [e for e in self._all_entries() if all(matches(e) for matches in terms)]
        return found[::-1] if newest_first else found

    def _all_entries(self) -> list[Json]:
        found = list(self._job_lines)
        for revision, instance in self._instances.items():
            resource = {"type": "cloud_run_revision", "labels": {"revision_name": revision}}
            found += [{"timestamp": _now(), "resource": resource, **line} for line in instance.lines()]
        return found


OWNER = "serving.knative.dev/service"
_SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")


def _nothing(_: object) -> None:
    """No accident."""


def _term(text: str) -> Callable[[Json], bool]:
    if text.startswith("NOT "):
        unwanted = _term(text.removeprefix("NOT "))
        return lambda e: not unwanted(e)
    if text.startswith("severity>="):
        least = _SEVERITIES.index(text.removeprefix("severity>="))
        return lambda e: _SEVERITIES.index(e["severity"]) >= least
    if text.startswith("timestamp>="):
        since = text.removeprefix("timestamp>=").strip('"')
        return lambda e: e["timestamp"] >= since
    name, equals, value = text.partition("=")
    places: dict[str, Callable[[Json], Any]] = {
        "resource.type": lambda e: e["resource"]["type"],
        "jsonPayload.event": lambda e: e.get("jsonPayload", {}).get("event"),
        "resource.labels.revision_name": lambda e: e["resource"]["labels"].get("revision_name"),
        'labels."run.googleapis.com/execution_name"': lambda e: e.get("labels", {}).get(
            "run.googleapis.com/execution_name"
        ),
    }
    if not equals or name not in places:
        raise Answered(400, f"Unparseable filter: {text}")
    return lambda e: places[name](e) == value.strip('"')


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).isoformat()
