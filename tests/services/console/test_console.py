"""What holds for every page: headers, failures as pages, files that are what they say, forms of our own alone."""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from fastapi import Depends, FastAPI

from services.prediction_coordinator.console.formatting import reason, span
from services.prediction_coordinator.console.forms import PostedForm, read_form
from services.prediction_coordinator.console.pages import NAVIGATION
from services.prediction_coordinator.console.tables import csv_response
from shared.web.problems import install_errors
from tests.services.clients import ask
from tests.services.console.reading import Page
from tests.services.test_coordinator import Bench

STATIC = files("services.prediction_coordinator.console") / "static"
VENDORED = tomllib.loads((STATIC / "vendor" / "vendor.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [*(address for address, _ in NAVIGATION), "/console/nothing"])
def test_every_page_has_the_headers_that_bind_a_browser(bench: Bench, path: str) -> None:
    answer = bench.call("GET", path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    (inline,) = re.findall(r"<script data-later[^>]*>(.*?)</script>", answer.text, re.DOTALL)
    known = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert policy.endswith(f"script-src 'self' 'sha256-{known}'")
    assert "unsafe-eval" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert not re.search(r"<script(?! data-later=)(?![^>]*application/json)|\son\w+=", answer.text)


def test_pages_are_no_part_of_the_api(bench: Bench) -> None:
    assert not [p for p in bench.app.openapi()["paths"] if p == "/" or p.startswith("/console")]


def test_a_page_that_is_not_there_says_so_as_a_page(bench: Bench) -> None:
    answer = bench.call("GET", "/console/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "/console/nothing: no such page" in Page(answer.text).text


def test_nothing_but_the_page_itself_is_waited_for_before_it_is_painted(bench: Bench) -> None:
    html = bench.call("GET", "/console/coverage").text
    assert 'rel="stylesheet"' not in html
    assert f"<style>{(STATIC / 'console.css').read_text()}</style>" in html
    assert f">{(STATIC / 'first.js').read_text()}</script>" in html
    assert not re.search(r"<script[^>]*\bsrc=", html)
    later = re.findall(r'data-later="([^"]*)"', html)[0].split()
    names = ["console.js", "htmx-2.0.11.min.js", "d3-7.9.2.min.js", "plot-0.6.17.min.js", "charts.js"]
    assert [url.rpartition("/")[2] for url in later] == names
    assert all(bench.call("GET", url).status_code == 200 for url in later)


def test_files_are_kept_for_ever_under_a_name_that_changes_with_them(bench: Bench) -> None:
    found = list(dict.fromkeys(re.findall(r'/console/static/[^" ]+', bench.call("GET", "/").text)))
    assert [url.rpartition("/")[2] for url in found] == ["icon.svg", "console.js", "htmx-2.0.11.min.js"]
    for url in found:
        answer = bench.call("GET", url)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert hashlib.sha256(answer.content).hexdigest().startswith(url.split("/")[3])
    assert bench.call("GET", "/console/static/000000000000/console.js").status_code == 404
    assert bench.call("GET", "/console/static/0/vendor.toml").status_code == 404


@pytest.mark.parametrize("name", VENDORED)
def test_what_is_served_of_others_is_what_they_published_under_their_licence(name: str) -> None:
    of = VENDORED[name]
    body = (STATIC / "vendor" / of["file"]).read_bytes()
    assert hashlib.sha256(body).hexdigest() == of["sha256"]
    assert of["version"] in of["file"]
    assert "Permission to use, copy, modify" in (STATIC / "vendor" / of["license_file"]).read_text("utf-8")


def test_nothing_is_vendored_that_is_not_declared() -> None:
    declared = {of["file"] for of in VENDORED.values()} | {of["license_file"] for of in VENDORED.values()}
    assert {f.name for f in (STATIC / "vendor").iterdir()} == declared | {"vendor.toml"}


@dataclass(frozen=True)
class Row:
    name: Any
    at: datetime | None = None


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless_and_a_number_stays_one() -> None:
    names = ["=1+1", "+x", "-x", "@x", "-1.5", -1.5, "plain", 'a "quoted", one', None]
    rows = [Row(name) for name in names] + [Row("t", datetime(2025, 3, 19, 23, 30, tzinfo=UTC))]
    lines = bytes(csv_response("t", Row, rows).body).decode().split("\r\n")
    assert lines == [
        "name,at", "'=1+1,", "'+x,", "'-x,", "'@x,", "-1.5,", "-1.5,", "plain,", '"a ""quoted"", one",', ",",
        "t,2025-03-19T23:30:00+00:00", "",
    ]  # fmt: skip


@pytest.fixture
def form() -> FastAPI:
    app = FastAPI()
    install_errors(app)

    @app.post("/form")
    def taken(sent: PostedForm = Depends(read_form)) -> dict[str, Any]:  # noqa: B008
        return {"name": sent.text("name"), "by": sent.by}

    return app


OURS = {"sec-fetch-site": "same-origin"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OURS, 200),
        ({"origin": "http://127.0.0.1"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1"}, 403),
        ({"origin": "http://127.0.0.1:9"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_form_is_taken_from_our_own_pages_alone(
    form: FastAPI, headers: dict[str, str], status: int
) -> None:
    answer = ask(form, "POST", "/form", data={"name": " x "}, headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"name": "x", "by": "this machine"}


def test_a_form_of_another_kind_is_refused(form: FastAPI) -> None:
    assert ask(form, "POST", "/form", json={"name": "x"}, headers=OURS).status_code == 422
    many = "&".join(f"a{i}=1" for i in range(300))
    sent = OURS | {"content-type": "application/x-www-form-urlencoded"}
    assert ask(form, "POST", "/form", content=many, headers=sent).status_code == 422


def test_the_two_largest_units_say_how_long_it_is() -> None:
    told = [
        span(timedelta(**of))
        for of in (
            {"milliseconds": 540},
            {"seconds": 19},
            {"minutes": 3},
            {"hours": 2, "minutes": 14},
            {"days": 1, "hours": 5},
        )
    ]
    assert told == ["0.5 s", "19 s", "3 min", "2 h 14 min", "1 d 5 h"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("missing_feature:recent_trend", "missing feature: recent_trend"),
        ("no_features", "no features"),
    ],
)
def test_a_reason_is_read_as_words(text: str, shown: str) -> None:
    assert reason(text) == shown
