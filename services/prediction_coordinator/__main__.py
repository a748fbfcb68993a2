"""The process: ``python -m services.prediction_coordinator``."""

import gc

gc.disable()  # until the service is ready: scanning objects, which all stay, took 10 % of the start

from services.prediction_coordinator.main import main  # noqa: E402

raise SystemExit(main())
