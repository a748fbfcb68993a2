"""The signal of a game date: computed when a run completes, read with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from shared.application.queries.shared_connection import shared_connection
from shared.domain.signals import (
    HIGH_EDGE,
    HISTORY_SPAN,
    MIN_SIDES,
    STAKE,
    DailySignal,
    EarlierDay,
    Signal,
    daily_signal,
    missing_signal_reason,
)
from shared.domain.statistics import Difference, Rate, by_date, two_proportions, wilson
from shared.errors import NotFound
from shared.ports import Clock, Warehouse
from shared.schemas.predictions import DAILY_PREDICTION_SIGNALS
from shared.warehouse.history import by_day, floats, strings
from shared.warehouse.statements import query_rows, statement

HISTORY_DAYS = 365


History = dict[str, dict[date, EarlierDay]]
"""Statistics of earlier dates, by system and date."""


class ComputeSignals:
    """Upserts one signal row per system of a game date, from the active rows with a line.

    Each date is compared with stored earlier dates of the same system, never with later ones.
    """

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    def __call__(self, game_date: date) -> dict[str, DailySignal]:
        """Return the signals by system; a system without active rows with a line has no signal."""
        return self.compute_for_dates([game_date])[game_date]

    def compute_for_dates(self, game_dates: Sequence[date]) -> dict[date, dict[str, DailySignal]]:
        """Compute and store the signals of several dates; return them by date and system."""
        span = {"first": min(game_dates), "last": max(game_dates)}
        rows = by_day(self._warehouse.query(statement("signal_picks", **span)))
        history = self._history(**span)
        signals: dict[date, dict[str, DailySignal]] = {day: {} for day in game_dates}
        stored = []
        for day in sorted(rows.keys() & signals.keys()):
            for name, signal, games in _signals(rows[day], day, history):
                signals[day][name] = signal
                history.setdefault(name, {})[day] = _as_earlier_day(signal)
                stored.append(
                    {
                        "game_date": day,
                        "system_id": name,
                        **asdict(signal),
                        "slate_size": games,
                        "stake_multiplier": STAKE[signal.daily_signal],
                        "calculated_at": self._clock.now(),
                    }
                )
        if stored:
            table = DAILY_PREDICTION_SIGNALS
            self._warehouse.upsert(table, table.from_rows(stored), replace=True)
        return signals

    def _history(self, first: date, last: date) -> History:
        """Return the stored dates from ``HISTORY_SPAN`` before ``first`` to the day before ``last``."""
        span = {"first": first - HISTORY_SPAN, "last": last - timedelta(days=1)}
        history: History = {}
        for row in query_rows(self._warehouse, "earlier_signals", **span):
            day = EarlierDay(row["total_picks"], row["pct_over"], row["pct_under"], row["high_edge_picks"])
            history.setdefault(row["system_id"], {})[row["game_date"]] = day
        return history


def _as_earlier_day(signal: DailySignal) -> EarlierDay:
    return EarlierDay(
        signal.total_picks, signal.pct_over or 0.0, signal.pct_under or 0.0, signal.high_edge_picks
    )


def _earlier_days(dates: Mapping[date, EarlierDay], day: date) -> list[EarlierDay]:
    """Return the days of ``HISTORY_SPAN`` before a date, the newest first."""
    return [dates[d] for d in sorted(dates, reverse=True) if day - HISTORY_SPAN <= d < day]


def _signals(rows: pa.Table, day: date, history: History) -> Iterator[tuple[str, DailySignal, int]]:
    """Yield system, signal and number of games of a date's picks."""
    system, game = strings(rows["system_id"]), strings(rows["game_id"])
    side, edge = strings(rows["recommendation"]), floats(rows["line_margin"])
    confidence = floats(rows["confidence_score"])
    for name in dict.fromkeys(system.tolist()):
        own = system == name
        earlier = _earlier_days(history.get(name, {}), day)
        yield name, daily_signal(side[own], edge[own], confidence[own], earlier), len(set(game[own].tolist()))


@dataclass(frozen=True)
class Evidence:
    """Hit rate of high-edge picks on earlier days with the same signal (``such``), and on GREEN days.

    ``counted_as``: LIVE or BACKFILL; the two are never mixed. ``naive`` tests the difference with picks as
    independent units, ``clustered`` with game dates as units.
    """

    counted_as: str
    signal: str
    days: int
    such: Rate
    green_days: int
    green: Rate
    naive: Difference | None
    clustered: Difference | None


def displayed_signal(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored signal by the current rules. Older rows may have a colour although the system made too
    few picks, or ``NONE``; both become ``NO_SIGNAL``."""
    sides = MIN_SIDES  # without stored shares the colour is not changed
    if stored["pct_over"] is not None and stored["pct_under"] is not None:
        picks, over, under = stored["total_picks"], stored["pct_over"], stored["pct_under"]
        sides = EarlierDay(picks, over, under, stored["high_edge_picks"]).sides
    why = missing_signal_reason(stored["total_picks"], sides)
    if why is None:
        return dict(stored)
    no_signal = Signal.NO_SIGNAL
    return {
        **stored,
        "daily_signal": no_signal.value,
        "signal_explanation": why,
        "stake_multiplier": STAKE[no_signal],
    }


class SignalReport:
    """Reads the signals of a date, with the results of earlier days with the same signal as evidence."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    @shared_connection
    def __call__(self, game_date: date, system_id: str | None = None) -> list[dict[str, Any]]:
        """Return one entry per system, or only that of ``system_id``. Raises ``NotFound`` if no run of the
        date has completed with lines."""
        rows = query_rows(self._warehouse, "signals_of_date", game_date=game_date)
        rows = [displayed_signal(r) for r in rows if system_id in (None, r["system_id"])]
        if not rows:
            raise NotFound(
                f"{game_date}: no signal; it is computed when a run completes for players who have a line"
            )
        return [{**row, "evidence": self._evidence(row)} for row in rows]

    def _evidence(self, row: dict[str, Any]) -> list[Evidence]:
        history = query_rows(
            self._warehouse,
            "signal_history",
            first=row["game_date"] - timedelta(days=HISTORY_DAYS),
            last=row["game_date"] - timedelta(days=1),
            system_id=row["system_id"],
            high_edge=HIGH_EDGE,
        )
        kinds = sorted({h["counted_as"] for h in history}, reverse=True)
        return [
            _compare(row["daily_signal"], counted_as, [h for h in history if h["counted_as"] == counted_as])
            for counted_as in kinds
        ]


def _compare(signal: str, counted_as: str, days: list[dict[str, Any]]) -> Evidence:
    same = (signal, "NONE") if signal == Signal.NO_SIGNAL else (signal,)  # older rows have NONE
    such = [d for d in days if d["daily_signal"] in same]
    green = [d for d in days if d["daily_signal"] == Signal.GREEN]
    both = such + green if signal != Signal.GREEN else []
    hits, n = (np.array([d[k] for d in both], dtype=np.int64) for k in ("hits", "n"))
    in_such = np.arange(len(both)) < len(such)
    totals = [(sum(d["hits"] for d in group), sum(d["n"] for d in group)) for group in (such, green)]
    return Evidence(
        counted_as=counted_as,
        signal=signal,
        days=len(such),
        such=wilson(*totals[0]),
        green_days=len(green),
        green=wilson(*totals[1]),
        naive=two_proportions(*totals[0], *totals[1]) if both else None,
        clustered=by_date(hits, n, in_such) if both else None,
    )
