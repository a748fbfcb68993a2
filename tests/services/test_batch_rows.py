from __future__ import annotations

import json
import random
from typing import Any

import httpx
import msgspec
import numpy as np
import pyarrow as pa
import pytest

from shared.application.prediction.arrow_codec import MEDIA_TYPE, read_stream
from shared.application.prediction.batch_api import MAX_INLINE_ROWS, BatchRequest, PredictRows
from shared.application.prediction.predict import Predict
from shared.domain.features.context import CONTEXT
from shared.domain.features.contract import FEATURES
from shared.errors import Rejected
from shared.model_registry.loading import LoadedModel
from shared.schemas import rows
from shared.schemas.rows import EXTRA_INPUTS, MAX_ROWS, read_rows
from tests.domain.batches import STAR
from tests.domain.test_line_anchored import Says
from tests.services.in_memory import Bench


def test_a_batch_request_predicts_named_rows_and_writes_nothing(bench: Bench) -> None:
    row = {
        "features": STAR | {"vegas_points_line": 21.5},
        "line": 21.5,
        "league_def_rating": 110.0,
        "days_rest": 1.0,
    }
    got = bench.call("POST", "/predict/batch", json={"rows": [row]}).json()["predictions"][0]
    assert got["moving_average"]["predicted_points"] == 24.3
    assert got["moving_average"]["recommendation"] == "OVER"
    assert got["similarity_balanced_v1"] == {"reason": "too_few_similar_games"}
    assert not bench.world.rows("SELECT * FROM nba_predictions.prediction_staging")
    bad = bench.call("POST", "/predict/batch", json={"rows": [{"features": {"height": 2.0}}]})
    assert bad.status_code == 422
    assert "body.rows.0.features.height: unknown field" in bad.json()["detail"]
    off = bench.call("POST", "/predict/batch", json={"rows": [row], "systems": ["catboost_v8"]})
    assert "'catboost_v8' does not run here" in off.json()["detail"]
    assert bench.call("POST", "/predict/batch", json={"rows": []}).status_code == 422


def test_features_named_once_are_the_same_rows(bench: Bench) -> None:
    """Both ways of writing rows, each with two spellings of the content type."""
    rows = [{**STAR, "points_avg_season": 20.0 + i, "pct_paint": None} for i in range(3)]
    by_name = {"rows": [{"features": row, "line": 20.5} for row in rows]}
    columns = list(reversed(rows[0]))
    lists = [{"features": [row[c] for c in columns], "line": 20.5} for row in rows]
    by_column = {"columns": columns, "rows": lists}
    answers = [
        bench.call("POST", "/predict/batch", content=json.dumps(body), headers={"content-type": kind}).json()
        for body in (by_name, by_column)
        for kind in ("application/json", "application/json; charset=utf-8")
    ]
    assert len(answers[0]["predictions"]) == 3
    assert answers[0]["predictions"][0] != answers[0]["predictions"][1]
    assert answers[1:] == answers[:1] * 3


def test_rows_with_and_without_a_context_are_answered_together_as_alone(bench: Bench) -> None:
    rows = [{name: 10.0 + i + row for i, name in enumerate(FEATURES)} for row in range(3)]
    lists = [{"features": list(row.values()), "line": 20.5} for row in rows]
    backwards = [{"features": list(row.values())[::-1], "line": 20.5} for row in rows]
    bodies: list[dict[str, Any]] = [
        {"columns": FEATURES, "rows": lists},
        {"columns": FEATURES[::-1], "rows": backwards},
        {"rows": [{"features": row, "line": 20.5} for row in rows]},
        {"rows": [{"features": row | {CONTEXT[0]: 1.0}, "line": 20.5} for row in rows]},
    ]
    predict = PredictRows(Predict(bench.models))

    def read() -> list[BatchRequest]:
        return [predict.build_request(read_rows(json.dumps(body).encode())) for body in bodies]

    together, alone = read(), read()
    assert [one.features.shape[1] for one in together] == [33, 62, 62, 62]
    predict.predict_together(together)
    for one in alone:
        predict.predict_together([one])
    answers = [msgspec.json.encode(one.predictions) for one in together]
    assert answers == [msgspec.json.encode(one.predictions) for one in alone]
    assert answers[0] == answers[1] == answers[2] != answers[3]


WITH_LINE: dict[str, Any] = {
    "columns": ["pct_paint", "back_to_back"],
    "rows": [{"features": [None, 1]}, {"features": [-0.25, 0.1], "line": 20.5, "over_price": -110}],
    "systems": ["moving_average"],
}
LISTS = WITH_LINE | {"rows": [{"features": [None, 1]}, {"features": [-0.25, 0.1]}]}


@pytest.fixture(params=["simdjson", "msgspec"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What reads lists; without simdjson as on a Python that it has no wheel for."""
    if request.param == "simdjson":
        pytest.importorskip("simdjson")
    else:
        monkeypatch.setattr(rows, "simdjson", None)
    return str(request.param)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("places", [(" ", ""), ("\n", "  ")])
@pytest.mark.parametrize("given", [LISTS, WITH_LINE])
def test_lists_are_read_into_the_numbers_that_json_says(
    given: dict[str, Any], places: tuple[str, str]
) -> None:
    body = json.dumps(given, separators=(f"{places[0]},{places[1]}", ": ")).encode()
    found = read_rows(body)
    assert (found.columns, found.systems) == (LISTS["columns"], LISTS["systems"])
    np.testing.assert_array_equal(found.features, [[np.nan, 1.0], [-0.25, 0.1]])
    if given is LISTS:
        assert found.extra_inputs is None
    else:
        extra = [[np.nan] * len(EXTRA_INPUTS), [20.5, -110.0, np.nan, np.nan, np.nan]]
        np.testing.assert_array_equal(found.extra_inputs, extra)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("[null, 1]", "[[null], 1]"),
        ("[null, 1]", "[null, 1, 2]"),
        ("[null, 1]", "[-9e9, 1]"),
        ("[null, 1]", "[-9e9, null]"),
        ("[null, 1]", "[2null, 1]"),
        ("[null, 1]", "[null2, 1]"),
        ("[null, 1]", "[nul, 1]"),
        ("[null, 1]", '["null", 1]'),
        ("[null, 1]", "[true, 1]"),
        ("[null, 1]", "[1000001, 1]"),
        ("[null, 1]", "[99999999999999999999, 1]"),
        ("[null, 1]", "[null, 1" + "]" * 2000),
        ("20.5", "99999999999999999999"),
        ("[null, 1]", "{}"),
        ("[null, 1]", "7"),
        ("20.5", '"20.5"'),
        ("20.5", "true"),
        ("20.5", "[20.5]"),
        ("-110", "-110.5"),
        ('"line"', '"over_price"'),
        ('"columns"', '"rows": [], "columns"'),
        ('"moving_average"', "7"),
        ('"pct_paint"', "null"),
        ('"columns": [', '"columns": ["'),
        ("]}", "]"),
    ],
)
@pytest.mark.usefixtures("reader")
def test_what_is_not_of_the_form_is_refused(was: str, becomes: str) -> None:
    """A parser keeps its memory from one body to the next: what is right is read after what is wrong."""
    body = json.dumps(LISTS if was in json.dumps(LISTS) else WITH_LINE)
    assert was in body
    with pytest.raises(Rejected, match=r"^body"):
        read_rows(body.replace(was, becomes, 1).encode())
    assert len(read_rows(body.encode()).features) == 2


def outcome(body: bytes) -> tuple[Any, ...]:
    """The numbers of a body bit by bit, or the error."""
    try:
        features, extra_inputs, columns, systems = read_rows(body)
    except Rejected as exc:
        return type(exc), str(exc)
    extra = None if extra_inputs is None else extra_inputs.tobytes()
    return features.tobytes(), features.shape, extra, columns, systems


def test_lists_are_read_the_same_with_and_without_simdjson(monkeypatch: pytest.MonkeyPatch) -> None:
    """Single bytes changed, left out and doubled: the same numbers to the bit, or the same error."""
    pytest.importorskip("simdjson")
    chance = random.Random(11)
    bodies = [json.dumps(LISTS).encode(), json.dumps(WITH_LINE).encode()]
    for _ in range(4000):
        whole = bodies[chance.randrange(2)]
        at, letter = chance.randrange(len(whole)), bytes([chance.choice(b'0123456789.eE-+,:[]{}" nulltrue')])
        middle = chance.choice([b"", letter, letter + whole[at : at + 1]])
        bodies.append(whole[:at] + middle + whole[at + 1 :])
    numbers = [chance.uniform(-1, 1) * 10.0 ** chance.randrange(-8, 6) for _ in range(2000)]
    rows_of_one = [{"features": [number]} for number in numbers]
    bodies.append(json.dumps({"columns": ["pct_paint"], "rows": rows_of_one}).encode())
    fast = [outcome(body) for body in bodies]
    assert sum(type(found[0]) is bytes for found in fast) > 300
    monkeypatch.setattr(rows, "simdjson", None)
    for body, found in zip(bodies, fast, strict=True):
        assert outcome(body) == found, body


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {"rows": [{"features": [1.0]}]},
            "body.rows.0.features: a list of 1 features, expected features by name, or columns",
        ),
        (
            {"rows": [{"features": {}}], "columns": ["pct_paint"]},
            "body.rows.0.features: features by name, expected the 1 of columns",
        ),
        (
            {"rows": [{"features": [1.0, 2.0]}], "columns": ["pct_paint"]},
            "a list of 2 features, expected the 1 of columns",
        ),
        ({"rows": [{"features": [1.0]}], "columns": ["height"]}, "'height' is unknown"),
        ({"rows": [{"features": [1.0, 2.0]}], "columns": ["pct_paint"] * 2}, "named twice"),
        ({"rows": [{"features": {"height": 1.0}}]}, "body.rows.0.features.height: unknown field"),
        (
            {"rows": [{"features": {}, "over_price": 50}]},
            "body.rows.0.over_price: 50, expected American odds",
        ),
        (
            {"rows": [{"features": {"pct_paint": "much"}}]},
            "body.rows.0.features.pct_paint: 'much', expected float",
        ),
        ({"rows": [{"line": 20.5}]}, "body.rows.0.features: missing"),
        ({"rows": []}, "body.rows: [], expected array of length >= 1"),
        ([], "body: [], expected object, got array"),
    ],
)
def test_names_and_numbers_that_do_not_go_together_are_refused(bench: Bench, body: Any, reason: str) -> None:
    answer = bench.call("POST", "/predict/batch", json=body)
    assert (answer.status_code, reason in answer.json()["detail"]) == (422, True), answer.json()


@pytest.mark.parametrize(
    ("name", "text"), [("line", "NaN"), ("line", "1e308"), ("over_price", "50"), ("days_rest", "Infinity")]
)
def test_a_number_that_is_none_is_refused_before_any_sum(bench: Bench, name: str, text: str) -> None:
    body = f'{{"rows": [{{"features": {{}}, "{name}": {text}}}]}}'
    answer = bench.call("POST", "/predict/batch", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, name in answer.json()["detail"]) == (422, True)


def stream(*batches: dict[str, Any], compression: str | None = None) -> bytes:
    """Rows in columns, as a client with pyarrow sends them."""
    tables = [pa.RecordBatch.from_pydict(b) for b in batches]
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, tables[0].schema, options=options) as to:
        for table in tables:
            to.write_batch(table)
    return bytes(sink.getvalue())


def ask(bench: Bench, body: bytes, query: str = "") -> httpx.Response:
    return bench.call("POST", f"/predict/batch{query}", content=body, headers={"content-type": MEDIA_TYPE})


def rows_of(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.headers["content-type"] == MEDIA_TYPE
    with pa.ipc.open_stream(answer.content) as told:
        return told.read_all().to_pylist()


@pytest.mark.parametrize("n", [3, MAX_INLINE_ROWS + 1])
def test_a_stream_of_rows_is_answered_as_the_same_rows_in_json(bench: Bench, n: int) -> None:
    """Of some players nothing is known, so that systems refuse them; the anchored line tells its chances."""
    anchored = "line_anchored_v1"
    one = LoadedModel(anchored, anchored, "0" * 64, "a.cbm", True, Says(25.5), None)
    bench.models = {**bench.models, anchored: one}
    rows: list[dict[str, Any]] = [
        {
            "features": {} if i % 3 == 2 else {**STAR, "pct_paint": None, CONTEXT[0]: 20.0 + i},
            **({"line": 20.5, "over_price": -110, "under_price": -110} if i % 2 else {}),
        }
        for i in range(n)
    ]
    given: dict[str, Any] = {c: [r["features"].get(c) for r in rows] for c in rows[0]["features"]}
    given |= {c: [r.get(c) for r in rows] for c in ("line", "over_price", "under_price")}
    told = bench.call("POST", "/predict/batch", json={"rows": rows}).json()["predictions"]
    found = rows_of(ask(bench, stream(given)))
    assert [(r["row"], r["system_id"]) for r in found] == [(i, s) for s in told[0] for i in range(n)]
    for row in found:
        wanted = told[row["row"]][row["system_id"]]
        assert {k: v for k, v in row.items() if k in wanted} == wanted
        left = {k: v for k, v in row.items() if k not in {*wanted, "row", "system_id"}}
        assert not any(left.values()), left
    assert any(r["reason"] for r in found)
    assert any(r["prob_over"] for r in found)


def test_numbers_of_any_width_and_rows_in_several_batches(bench: Bench) -> None:
    narrow = {
        "points_avg_season": pa.array([20, 21], pa.int32()),
        "pct_three": pa.array([0.5, None], pa.float32()),
        "pct_paint": pa.nulls(2),
    }
    wide = {"points_avg_season": [20.0, 21.0], "pct_three": [0.5, float("nan")]}
    query = "?systems=moving_average,catboost_v9"
    once = rows_of(ask(bench, stream(wide), query))
    assert len(once) == 4
    assert rows_of(ask(bench, stream(narrow), query)) == once
    twice = rows_of(ask(bench, stream(narrow, narrow), query))
    assert [r["raw_prediction"] for r in twice if r["row"] in (2, 3)] == [r["raw_prediction"] for r in once]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not an Arrow stream"),
        (b"{}", "not an Arrow stream"),
        (stream({"pct_paint": [0.5] * 40})[:-80], "not an Arrow stream"),
        (stream({"pct_paint": pa.array([], pa.float64())}), "0 rows, expected 1 to"),
        (stream({"pct_paint": [0.5] * (MAX_ROWS + 1)}), f"{MAX_ROWS + 1} rows, expected"),
        (stream({"height": [2.0]}), "column 'height' is unknown"),
        (stream({"pct_paint": ["much"]}), "column pct_paint: string, expected numbers"),
        (
            stream({"pct_paint": [0.0] * 4_000_000}, compression="zstd"),
            "a record batch, expected an uncompressed record batch",
        ),
        (
            stream({"pct_paint": [0.5]}, compression="lz4"),
            "a record batch, expected an uncompressed record batch",
        ),
        (
            stream({"pct_paint": pa.array(["a"]).dictionary_encode()}),
            "dictionary<values=string, indices=int32, ordered=0>, expected numbers",
        ),
        (stream({"pct_paint": pa.array([0.5], pa.float16()), "line": [20.5]}), "halffloat"),
        (stream({"line": [20.5, float("inf")]}), "row 1: line is inf, expected -1000000 to 1000000"),
        (stream({"line": [20.5], "over_price": [50]}), "row 0: over_price is 50, expected American odds"),
        (stream({"under_price": [110.5]}), "row 0: under_price is 110.5, expected American odds"),
    ],
)
def test_a_stream_that_is_not_as_wanted_is_refused(bench: Bench, body: bytes, reason: str) -> None:
    answer = ask(bench, body)
    assert (answer.status_code, reason in answer.json()["detail"]) == (422, True), answer.json()


def test_a_column_that_comes_twice_and_a_system_that_does_not_run_are_refused(bench: Bench) -> None:
    twice = pa.record_batch([pa.array([0.1]), pa.array([0.2])], names=["pct_paint", "pct_paint"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, twice.schema) as to:
        to.write_batch(twice)
    assert "pct_paint comes 2 times" in ask(bench, bytes(sink.getvalue())).json()["detail"]
    off = ask(bench, stream({"pct_paint": [0.5]}), "?systems=catboost_v8")
    assert "'catboost_v8' does not run here" in off.json()["detail"]


def test_whatever_bytes_come_they_are_read_or_refused() -> None:
    whole = [
        stream({"pct_paint": [0.5, None, 0.1], "line": [20, None, 3]}),
        stream({"pct_paint": [0.5], "line": [20.5]}, {"pct_paint": [0.5], "line": [20.5]}),
    ]
    dice, refused = random.Random(1), 0
    for _ in range(3000):
        body = bytearray(dice.choice(whole))
        for _ in range(dice.choice((1, 1, 2, 4, 16))):
            body[dice.randrange(len(body))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
        try:
            features, beside = read_stream(bytes(body[: dice.choice((len(body), dice.randrange(len(body))))]))
        except Rejected:
            refused += 1
        else:
            assert 1 <= len(features) == len(beside) <= MAX_ROWS
    assert 0 < refused < 3000
