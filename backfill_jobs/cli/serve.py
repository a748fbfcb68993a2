"""``props serve``: run broker, coordinator and worker."""

from __future__ import annotations

from rich.console import Console

from backfill_jobs.local_processes import Services
from shared.backends import BackendSettings
from shared.errors import Unavailable


def serve(port: int) -> None:
    """Run until Ctrl-C or SIGTERM; raise ``Unavailable`` if one of the processes ends by itself."""
    console = Console(highlight=False)
    ports = {"coordinator": port, "worker": port + 1, "broker": port + 2}
    with Services(BackendSettings().props_home, {}, ports) as services:
        console.print(f"coordinator {services.url('coordinator')}")
        console.print(f"worker      {services.url('worker')}")
        console.print("Ctrl-C stops them")
        until_interrupted(services)


def until_interrupted(services: Services) -> None:
    try:
        name = services.wait()
    except KeyboardInterrupt:
        return
    raise Unavailable(f"{name} has stopped; see its log in the folder logs under PROPS_HOME")
