"""The C library's heap in a process that serves."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 64 * 2**20
"""So much free memory at the top of the heap stays with the process."""

OWN_BYTES = 32 * 2**20
"""Only what is larger gets pages of its own, which are given back when it is freed; glibc's maximum."""


def keep_freed_memory() -> None:
    """Keep what one batch has freed for the next.

    glibc gives it back to the system at once, and gets it again page by page: 176 page faults for a request
    of 150 rows, over a quarter of its time. Another C library is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(M_MMAP_THRESHOLD, OWN_BYTES)
