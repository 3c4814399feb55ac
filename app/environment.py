"""What a figure was measured on: every benchmark says this first."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
BUSY: Final = 0.5
"""Load average above which other work was going on beside the benchmark."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A state of the program, a machine, and how busy that was."""

    commit: str
    """Of a checkout; an installed package has its version."""
    cpu: str
    threads: int
    """That this process may use."""
    load: float
    """Average of the last minute."""

    def lines(self) -> list[str]:
        """Return it for people, as Markdown."""
        return [
            f"- commit: {self.commit}",
            f"- CPU: {self.cpu}",
            f"- threads: {self.threads}",
            f"- load average before: {self.load:.2f}" + (" (busy)" if self.load > BUSY else ""),
        ]


def examine() -> Environment:
    """Look at the program and the machine as they are now."""
    return Environment(_commit(), _cpu(), _threads(), round(os.getloadavg()[0], 2))


def _commit() -> str:
    if (ROOT / ".git").exists():  # beside an installed package git would name the user's own commit
        with suppress(OSError, subprocess.CalledProcessError):  # no git, or not our files
            head = _git("rev-parse", "--short=12", "HEAD")
            return head + (" with uncommitted changes" if _git("status", "--porcelain") else "")
    return f"rewis3d-studio {version('rewis3d-studio')}"


def _git(*words: str) -> str:
    answer = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
