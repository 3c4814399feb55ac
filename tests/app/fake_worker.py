"""A worker with the child of tests/app/fake_child.py: `fake_worker.py PROJECT [SLOT]`."""

from __future__ import annotations

import sys
from pathlib import Path

from app import worker

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("fake_child.py")))

if __name__ == "__main__":
    worker.main(Path(sys.argv[1]), *sys.argv[2:], command=COMMAND)
