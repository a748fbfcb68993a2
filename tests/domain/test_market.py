from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.grading import Grade, grade
from shared.domain.instants import UNKNOWN
from shared.domain.market.lines import (
    MAX_QUOTE_AGE,
    book_rank,
    by_evenness,
    choose,
    main_quotes,
    modal_line,
    no_vig_over,
)
from shared.domain.market.recommendation import edge, recommend, round_points

points = st.floats(0, 60)
half_points = st.integers(1, 90).map(lambda n: n / 2)


@given(points, half_points, st.floats(0, 100))
def test_a_side_never_contradicts_the_stored_prediction(raw: float, line: float, confidence: float) -> None:
    stored = round_points(np.array([raw]))
    side = recommend(edge(stored, np.array([line])), np.array([confidence]), 1.0, 60.0)[0]
    gap = float(edge(stored, np.array([line]))[0])
    if side == "OVER":
        assert stored[0] > line
    elif side == "UNDER":
        assert stored[0] < line
    else:
        assert side == "PASS"
        assert abs(gap) < 1.0 or confidence < 60.0


def test_without_a_line_there_is_no_side() -> None:
    none = np.array([np.nan])
    assert recommend(edge(np.array([20.0]), none), np.array([90.0]), 1.0, 60.0) == ["NO_LINE"]
    assert np.isnan(edge(np.array([20.0]), none)[0])


def test_thresholds_are_inclusive_and_a_zero_edge_is_no_side() -> None:
    stored, line, sure = np.array([21.5, 21.4, 20.0]), np.array([20.5, 20.5, 20.0]), np.full(3, 60.0)
    assert recommend(edge(stored, line), sure, 1.0, 60.0) == ["OVER", "PASS", "PASS"]
    assert recommend(edge(stored, line), sure, 0.0, 60.0)[2] == "PASS"


BOOKS = np.array(["underdog", "betrivers", "fanduel", "draftkings", "bovada"])
TYPES = np.array(["dfs", "sportsbook", "sportsbook", "sportsbook", "sportsbook"])


def test_the_cascade_of_books() -> None:
    order = BOOKS[np.argsort(book_rank(BOOKS, TYPES))]
    assert order.tolist() == ["draftkings", "fanduel", "betrivers", "bovada", "underdog"]


def test_current_is_the_latest_of_the_best_book_and_opening_its_earliest() -> None:
    group = np.zeros(5, np.int64)
    rank = np.array([0, 0, 0, 1, 0])
    captured = np.array([10, 30, 20, 99, 100])
    current, opening = choose(group, rank, captured, np.full(5, 100), False, 1)
    assert (current[0], opening[0]) == (1, 0)  # the quote captured at the as-of itself is too late


def test_a_quote_known_by_day_only_is_never_live_and_yields_to_a_dated_one() -> None:
    group, rank = np.array([0, 0, 1]), np.zeros(3, np.int64)
    captured = np.array([UNKNOWN, 50, UNKNOWN])
    live = choose(group, rank, captured, np.full(3, 100), False, 2)[0]
    backfill = choose(group, rank, captured, np.full(3, 100), True, 2)[0]
    assert live.tolist() == [1, -1]
    assert backfill.tolist() == [1, 2]


def test_a_quote_older_than_the_bound_is_not_the_line_but_may_be_the_opening() -> None:
    as_of = np.full(3, 2 * MAX_QUOTE_AGE)
    captured = np.array([MAX_QUOTE_AGE - 1, MAX_QUOTE_AGE, MAX_QUOTE_AGE - 1])
    current, opening = choose(np.array([0, 0, 1]), np.zeros(3, np.int64), captured, as_of, False, 2)
    assert current.tolist() == [1, -1]
    assert opening.tolist() == [0, -1]


def test_the_best_book_with_a_fresh_quote_stands() -> None:
    as_of = np.full(2, 2 * MAX_QUOTE_AGE)
    captured = np.array([0, 2 * MAX_QUOTE_AGE - 1])
    current, _ = choose(np.zeros(2, np.int64), np.array([0, 1]), captured, as_of, False, 1)
    assert current.tolist() == [1]


@given(
    st.permutations(
        [(8.5, -240.0, 190.0), (18.5, -118.0, -102.0), (18.0, -118.0, -102.0), (28.5, 400.0, -550.0)]
    )
)
def test_of_several_quotes_of_an_instant_the_one_nearest_to_even_is_main(
    quotes: list[tuple[float, float, float]],
) -> None:
    line, over, under = np.array(quotes).T
    group, when = np.zeros(4, np.int64), np.full(4, 50)
    assert line[main_quotes(group, line, over, under, np.full(4, np.nan))].tolist() == [18.0]
    evenness = by_evenness(line, over, under)
    current, opening = choose(group, group, when, np.full(4, 100), False, 1, evenness)
    assert (line[current[0]], line[opening[0]]) == (18.0, 18.0)


def test_a_quote_without_a_price_is_main_only_where_no_other_is() -> None:
    none = np.nan
    group, line = np.array([0, 0, 1, 1]), np.array([10.5, 20.5, 12.5, 11.5])
    over, under = np.array([none, -300.0, none, none]), np.array([none, 240.0, none, none])
    assert main_quotes(group, line, over, under, np.full(4, none)).tolist() == [False, True, False, True]


def test_of_equally_priced_lines_the_one_nearest_to_other_books_is_main() -> None:
    """Pick'em books price every line alike; the lower one may be another market's."""
    group, line, price = np.zeros(2, np.int64), np.array([7.5, 21.0]), np.full(2, -137.0)
    for other_books, main in ((20.5, 21.0), (9.0, 7.5), (np.nan, 7.5)):
        assert line[main_quotes(group, line, price, price, np.full(2, other_books))].tolist() == [main]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 200)), max_size=30),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(100, 300)), max_size=10),
)
def test_quotes_at_or_after_the_as_of_change_nothing(
    quotes: list[tuple[int, int, int]], later: list[tuple[int, int, int]]
) -> None:
    def chosen(rows: list[tuple[int, int, int]]) -> list[list[int]]:
        columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
        got = choose(columns[:, 0], columns[:, 1], columns[:, 2], np.full(len(rows), 100), False, 4)
        return [g.tolist() for g in got]

    assert chosen([*quotes, *later]) == chosen(quotes)


def test_the_modal_line_is_never_an_average() -> None:
    group = np.array([0, 0, 0, 1, 1, 2])
    line = np.array([20.5, 20.5, 21.5, 10.5, 11.5, 7.5])
    assert modal_line(group, line, 4)[:3].tolist() == [20.5, 10.5, 7.5]
    assert np.isnan(modal_line(group, line, 4)[3])


def test_the_margin_is_taken_out_of_the_prices() -> None:
    got = no_vig_over(np.array([-110.0, -120.0, np.nan]), np.array([-110.0, 100.0, -110.0]))
    assert got[0] == 0.5
    assert got[1] == pytest.approx((120 / 220) / (120 / 220 + 0.5))
    assert np.isnan(got[2])


def graded(*rows: tuple[str, float | None, float | None, bool, bool]) -> list[str]:
    side, line, points, final, played = zip(*rows, strict=True) if rows else ((),) * 5
    return grade(
        np.array(side, dtype=np.str_),
        np.array(line, dtype=np.float64),
        np.array(points, dtype=np.float64),
        np.array(final, dtype=np.bool_),
        np.array(played, dtype=np.bool_),
    ).tolist()


@pytest.mark.parametrize(
    ("side", "line", "scored", "final", "played", "outcome"),
    [
        ("OVER", 20.5, 21, True, True, Grade.HIT),
        ("OVER", 20.5, 20, True, True, Grade.MISS),
        ("UNDER", 20.5, 20, True, True, Grade.HIT),
        ("UNDER", 20.5, 21, True, True, Grade.MISS),
        ("OVER", 20.0, 20, True, True, Grade.PUSH),
        ("UNDER", 20.0, 20, True, True, Grade.PUSH),
        ("OVER", 20.5, None, True, False, Grade.VOID),
        ("PASS", 20.5, None, True, False, Grade.VOID),
        ("PASS", 20.5, 30, True, True, Grade.PASS),
        ("NO_LINE", None, 30, True, True, Grade.NO_LINE),
        ("OVER", 20.5, 30, False, True, Grade.PENDING),
    ],
)
def test_grades(
    side: str, line: float | None, scored: float | None, final: bool, played: bool, outcome: Grade
) -> None:
    assert graded((side, line, scored, final, played)) == [outcome.value]


def test_a_batch_is_graded_as_its_rows_are_one_by_one() -> None:
    rows = [
        ("OVER", 20.5, 21.0, True, True), ("UNDER", 20.0, 20.0, True, True), ("PASS", 9.5, None, True, False),
        ("NO_LINE", None, 30.0, True, True), ("UNDER", 12.5, None, False, False),
    ]  # fmt: skip
    assert graded(*rows) == [graded(row)[0] for row in rows]
    assert graded() == []


def test_grading_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"'HOLD'.*OVER, UNDER"):
        graded(("PASS", 20.5, 21, True, True), ("HOLD", 20.5, 21, True, True))
    with pytest.raises(ValueError, match="expected both"):
        graded(("OVER", None, 21, True, True))
