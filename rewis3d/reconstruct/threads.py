"""How many threads a reconstruction works with."""

from __future__ import annotations

import os


def threads() -> int:
    """Return how many threads may be used: OMP_NUM_THREADS where it is set, else all cores."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) > 0 else os.cpu_count() or 1
