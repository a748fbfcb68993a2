"""``python -m shared.embedded.broker``: the broker as a separate process, on loopback only."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from shared.embedded.broker.delivery import Delivery, Faults
from shared.embedded.broker.server import build
from shared.embedded.broker.store import MessageStore
from shared.observability.logging import configure_logging

HOST = "127.0.0.1"
logger = logging.getLogger("props.broker")


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    configure_logging("broker", os.environ.get("BUILD_COMMIT", "unknown"))
    try:
        asyncio.run(_serve(args))
    except OSError as exc:
        print(f"broker: port {args.port} on {HOST} cannot be used: {exc.strerror or exc}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _serve(args: argparse.Namespace) -> None:
    home = Path(args.home)
    store = MessageStore(home / "broker.sqlite")
    faults = Faults(args.duplicate_every, args.drop_response_every)
    deliveries = {}
    for pair in args.push:
        topic, url = pair.split("=", 1)
        deliveries[topic] = Delivery(topic, url, store, args.max_attempts, faults)
    runner = web.AppRunner(build(store, deliveries, home), access_log=None)
    await runner.setup()
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    try:
        await web.TCPSite(runner, HOST, args.port).start()
        logger.info("started on port %s", args.port)
        await stopped.wait()
        logger.info("stopped")
    finally:
        await runner.cleanup()


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="broker", description=__doc__)
    p.add_argument("--port", type=int, required=True)
    p.add_argument("--home", required=True, help="folder of broker.sqlite")
    p.add_argument("--push", action="append", default=[], metavar="TOPIC=URL")
    p.add_argument("--max-attempts", type=int, default=8)
    p.add_argument("--duplicate-every", type=int, default=0, help="fault for tests")
    p.add_argument("--drop-response-every", type=int, default=0, help="fault for tests")
    return p


if __name__ == "__main__":
    sys.exit(main())
