"""What a figure was measured on: every benchmark prints this first."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
BUSY: Final = 0.5
"""Load average above which other work was going on beside the benchmark."""


def describe() -> str:
    """Return commit, CPU, threads and the load of the last minute, as Markdown lines."""
    return "\n".join(
        [f"- commit: {_commit()}", f"- CPU: {_cpu()}", f"- threads: {_threads()}", f"- {load()}"]
    )


def load() -> str:
    """Return the load average of the last minute, and whether that is too much to measure well."""
    minute = os.getloadavg()[0]
    return f"load average before: {minute:.2f}" + (" (busy)" if minute > BUSY else "")


def _commit() -> str:
    head = _git("rev-parse", "--short=12", "HEAD")
    return head + (" with uncommitted changes" if _git("status", "--porcelain") else "")


def _git(*words: str) -> str:
    answer = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _threads() -> int:
    """Return the threads that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    print(describe())
