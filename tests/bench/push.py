"""Push messages on one process: the worker against the old shape and against a bare ASGI answer."""

from __future__ import annotations

from functools import cache

from tests.bench.load import Load, drive, each_once
from tests.bench.servers import side_by_side
from tests.bench.suite import Bench, Measured
from tests.bench.world import model_paths, pushes

CONNECTIONS = 80
SECONDS = 2.0
SINK_SECONDS = 0.060
SIDES = ("ours", "naive", "hello")


@cache
def rounds_of_push(rounds: int) -> list[dict[str, Load]]:
    """Each round drives every side once, in an order that moves on by one."""
    model_paths()
    told = []
    with side_by_side(SIDES) as servers:
        for server in servers.values():
            drive(server.port, "/predict", pushes(), CONNECTIONS, 1.0, server.pid)
        for i in range(rounds):
            order = SIDES[i % len(SIDES) :] + SIDES[: i % len(SIDES)]
            told.append(
                {
                    side: drive(
                        servers[side].port, "/predict", pushes(), CONNECTIONS, SECONDS, servers[side].pid
                    )
                    for side in order
                }
            )
    return told


def over_naive(rounds: int) -> Measured:
    found = rounds_of_push(rounds)
    return Measured([r["ours"].rate / r["naive"].rate for r in found], _cpu(found, "ours", "naive"))


def of_ceiling(rounds: int) -> Measured:
    found = rounds_of_push(rounds)
    return Measured([r["ours"].rate / r["hello"].rate for r in found], _cpu(found, "ours", "hello"))


def _cpu(found: list[dict[str, Load]], ours: str, other: str) -> dict[str, float]:
    mine = sorted(r[ours].cpu_each for r in found)[len(found) // 2]
    theirs = sorted(r[other].cpu_each for r in found)[len(found) // 2]
    return {
        "cpu_us_a_message": round(mine * 1e6, 1),
        f"cpu_us_a_message_{other}": round(theirs * 1e6, 1),
        "cpu_ratio": round(theirs / mine, 3),
    }


def game_day_over_push(rounds: int) -> Measured:
    """Wall time of a game date, each message pushed once, in round trips of the sink."""
    model_paths()
    ratios: list[float] = []
    naive: list[float] = []
    with side_by_side(("ours", "naive"), SINK_SECONDS) as servers:
        for server in servers.values():
            each_once(server.port, "/predict", pushes()[:40], CONNECTIONS)
        for _ in range(rounds):
            for side, into in (("ours", ratios), ("naive", naive)):
                took = each_once(servers[side].port, "/predict", pushes(), CONNECTIONS)
                into.append(took / SINK_SECONDS)
    return Measured(ratios, {"naive_round_trips": round(sorted(naive)[len(naive) // 2], 2)})


BENCHES = (
    Bench("push_over_naive", "messages/s, ours / naive", 25, 45, over_naive, quick=True),
    Bench("push_of_ceiling", "messages/s, ours / bare ASGI", 0.30, 0.65, of_ceiling, quick=True),
    Bench(
        "game_day_push", "wall time of 148 messages / one write of 60 ms", 3.5, 2.3, game_day_over_push,
        most=True,
    ),
)  # fmt: skip
