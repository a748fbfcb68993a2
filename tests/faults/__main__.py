"""``python -m tests.faults --runs 10000``: as many random runs as there is patience for."""

from __future__ import annotations

import argparse
import logging
import sys
import time

from tests.faults.chaos import play

EVERY = 100


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    logging.disable()  # thousands of runs are refused, failed and ended on purpose
    began, broken = time.monotonic(), 0
    for done, seed in enumerate(range(args.first, args.first + args.runs), 1):
        report = play(seed)
        if report.violations:
            broken += 1
            print(report, flush=True)  # noqa: T201
        if done % EVERY == 0 or done == args.runs:
            seconds = time.monotonic() - began
            print(f"{done} of {args.runs} runs, {broken} broken, {seconds:.0f} s", flush=True)  # noqa: T201
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    p.add_argument("--runs", type=int, default=1000)
    p.add_argument("--first", type=int, default=0, help="the first seed")
    return p


if __name__ == "__main__":
    sys.exit(main())
