"""The rules of quotes that all feeds of odds share."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.application.feeds.quotes import (
    Event,
    Listing,
    Pairs,
    Sides,
    check_lines,
    check_prices,
    first_of_each,
    instant,
    main_lines,
    pair,
    quote_rows,
)
from shared.application.feeds.raw_file import FeedError
from shared.application.feeds.rows import RowKind
from shared.domain.market.lines import main_quotes

TIPOFF = datetime(2025, 1, 11, 0, 10, tzinfo=UTC)
GAME = Event("e1", "Boston Celtics", "Miami Heat", TIPOFF)
NAN = np.nan


def sides(*rows: tuple[str, float, int], alternate: tuple[bool, ...] = ()) -> Sides:
    """One player of one listing: side, line, price."""
    n = len(rows)
    return Sides(
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.array([r[1] for r in rows], np.float64),
        np.array([r[2] for r in rows], np.float64),
        np.array([r[0] == "Under" for r in rows]),
        np.array(alternate or (False,) * n),
    )


def quotes(found: Pairs) -> list[tuple[float, float | None, float | None]]:
    return [
        tuple(None if np.isnan(v) else float(v) for v in row)  # type: ignore[misc]
        for row in zip(found.line, found.over, found.under, strict=True)
    ]


def pairs(*rows: tuple[float, float, float], alternate: tuple[bool, ...] = ()) -> Pairs:
    """One player of one listing: line, over, under."""
    n = len(rows)
    line, over, under = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    zeros = np.zeros(n, np.int64)
    return Pairs(zeros, zeros, line, over, under, np.array(alternate or (False,) * n))


def test_over_and_under_of_a_line_are_one_quote_in_any_order() -> None:
    found = pair(
        sides(("Under", 20.5, -105), ("Over", 21.5, 120), ("Under", 21.5, -150), ("Over", 20.5, -115))
    )
    assert quotes(found) == [(20.5, -115, -105), (21.5, 120, -150)]


def test_a_side_alone_leaves_the_other_price_empty() -> None:
    assert quotes(pair(sides(("Under", 20.5, -105), ("Over", 21.5, 120)))) == [
        (20.5, None, -105),
        (21.5, 120, None),
    ]


def test_a_second_pair_is_not_mixed_with_the_first() -> None:
    found = pair(sides(("Over", 7.5, -106), ("Over", 7.5, -112), ("Under", 7.5, -129), ("Under", 7.5, -128)))
    assert quotes(found) == [(7.5, -106, -129), (7.5, -112, -128)]
    kept, others = first_of_each(found)
    assert quotes(kept) == [(7.5, -106, -129)]
    assert len(others) == 1


def test_a_side_of_the_market_is_not_paired_with_one_of_the_additional_lines() -> None:
    found = pair(sides(("Over", 7.5, -110), ("Under", 7.5, -120), alternate=(False, True)))
    assert quotes(found) == [(7.5, -110, None), (7.5, None, -120)]


def test_the_market_of_points_counts_before_an_additional_line_that_is_listed_first() -> None:
    kept, others = first_of_each(pairs((7.5, 100, -120), (7.5, -110, -110), alternate=(True, False)))
    assert quotes(kept) == [(7.5, -110, -110)]
    assert len(others) == 1


def test_a_quote_listed_twice_with_equal_prices_is_not_reported() -> None:
    kept, others = first_of_each(pairs((7.5, -110, NAN), (7.5, -110, NAN)))
    assert quotes(kept) == [(7.5, -110, None)]
    assert not len(others)


def test_the_main_line_is_the_nearest_to_even() -> None:
    assert main_lines(pairs((19.5, -140, 104), (20.5, -115, -115), (21.5, 120, -155))).tolist() == [
        False,
        True,
        False,
    ]


def test_of_two_equally_even_lines_the_lower_is_main() -> None:
    assert main_lines(pairs((10.5, -136, 102), (11.5, 102, -136))).tolist() == [True, False]


def test_a_quote_with_one_price_is_main_only_as_the_single_one() -> None:
    assert main_lines(pairs((24.5, -110, NAN))).tolist() == [True]
    assert main_lines(pairs((23.5, -400, 270), (24.5, -110, NAN))).tolist() == [True, False]
    assert main_lines(pairs((23.5, -300, NAN), (24.5, -110, NAN))).tolist() == [False, False]


def test_an_additional_line_is_never_main() -> None:
    assert main_lines(pairs((23.5, -400, 270), (24.5, -110, -110), alternate=(False, True))).tolist() == [
        True,
        False,
    ]
    assert main_lines(pairs((24.5, -110, -110), alternate=(True,))).tolist() == [False]


price = st.integers(100, 900).flatmap(lambda size: st.sampled_from([size, -size]))


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 80), price, price), min_size=1)
)
def test_main_lines_are_those_of_the_market_rules(rows: list[tuple[int, int, int, int, int]]) -> None:
    listing, player, halves, over, under = (np.array(c) for c in zip(*rows, strict=True))
    listed = Pairs(
        listing, player, halves / 2, over.astype(float), under.astype(float), np.zeros(len(rows), np.bool_)
    )
    kept, _ = first_of_each(listed)
    group = kept.listing * 3 + kept.player
    nowhere = np.full(len(group), NAN)
    assert main_lines(kept).tolist() == main_quotes(group, kept.line, kept.over, kept.under, nowhere).tolist()


def test_a_quote_at_the_tip_off_is_left_out_with_its_number() -> None:
    listings = [Listing(GAME, "fanduel", TIPOFF, "quote"), Listing(GAME, "draftkings", None, "date")]
    both = Pairs(np.array([0, 1]), np.array([0, 0]), *(np.array([v, v]) for v in (9.5, -110.0, -110.0)), np.zeros(2, np.bool_))  # fmt: skip
    found = quote_rows(listings, pa.array(["A. Player"]), both)
    assert found.tables[RowKind.QUOTES]["bookmaker"].to_pylist() == ["draftkings"]
    assert [(n.reason, n.rows) for n in found.notes] == [("quotes taken at or after the tip-off", 1)]


def test_a_quote_without_any_price_is_left_out_except_at_a_pick_em_site() -> None:
    listings = [Listing(GAME, "PrizePicks", None, "date"), Listing(GAME, "fanduel", None, "date")]
    both = Pairs(np.array([0, 1]), np.array([0, 0]), *(np.array([v, v]) for v in (9.5, NAN, NAN)), np.zeros(2, np.bool_))  # fmt: skip
    found = quote_rows(listings, pa.array(["A. Player"]), both)
    table = found.tables[RowKind.QUOTES]
    assert table.select(["bookmaker", "book_type", "is_main", "over_price"]).to_pylist() == [
        {"bookmaker": "PrizePicks", "book_type": "dfs", "is_main": True, "over_price": None}
    ]
    assert [n.reason for n in found.notes] == ["quotes without a price"]


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ([1.91, 2.05], "f: row 0: price 1.91, decimal odds, expected American odds"),
        ([-110.0, 50.0], "f: row 1: price 50, expected American odds, a whole number of at least 100 or at most -100"),
        ([-110.5], "f: row 0: price -110.5, expected American odds"),
        ([0.0], "f: row 0: price 0, expected American odds"),
        ([float("inf")], "f: row 0: price inf, expected American odds"),
    ],
)  # fmt: skip
def test_a_price_that_is_not_american_is_refused(prices: list[float], message: str) -> None:
    with pytest.raises(FeedError) as refused:
        check_prices("f", np.array(prices), lambda row: f"row {row}")
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("line", [0.0, -3.5, 20.25, NAN])
def test_a_line_that_is_no_positive_half_is_refused(line: float) -> None:
    with pytest.raises(FeedError, match=r"row 0: line .*, expected a positive multiple of 0\.5"):
        check_lines("f", np.array([line]), lambda row: f"row {row}")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(FeedError, match="x: commence_time '2025-01-11T00:10:00', expected a time"):
        instant("f", "commence_time", "2025-01-11T00:10:00", "x")
