"""The process: ``python -m services.prediction_worker``."""

import gc

gc.disable()  # until it serves: what is made by then stays, and looking at it took a tenth of the start

from services.prediction_worker.main import main  # noqa: E402

raise SystemExit(main())
