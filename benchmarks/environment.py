"""What a figure was measured on: every benchmark prints this first."""

from __future__ import annotations

from app.environment import ROOT as ROOT
from app.environment import examine


def describe() -> str:
    """Return commit, CPU, threads and the load of the last minute, as Markdown lines."""
    return "\n".join(examine().lines())


def load() -> str:
    """Return the load average of the last minute, and whether that is too much to measure well."""
    return examine().lines()[-1].removeprefix("- ")


if __name__ == "__main__":
    print(describe())
