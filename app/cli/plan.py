"""What a reconstruction would take, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.cli.terminal import say, write_json

if TYPE_CHECKING:
    from app.workspace import Workspace
    from rewis3d.reconstruct.forecast import Forecast

SHOWN: Final = 12
"""Chunks that are listed one by one."""


def show_plan(
    workspace: Workspace,
    *,
    backend: str,
    overrides: Mapping[str, str],
    given: Path | None,
    json: Path | None,
) -> None:
    """Say what a reconstruction would take, and start none."""
    from app.attempt import threads
    from app.outlook import outlook

    count = threads(workspace)
    found = outlook(workspace, threads=count, backend=backend, overrides=overrides, given=given)
    if json is not None:
        write_json(as_json(found, count), json)
    if json is None or str(json) != "-":
        for line in lines(found, count):
            say(line)


def as_json(found: Forecast, threads: int) -> dict[str, Any]:
    """Return a forecast as `--plan --json` writes it; places of frames count from 0."""
    return {
        "backend": found.backend,
        "frames": found.frames,
        "chunks": [list(ends) for ends in found.chunks],
        "threads": threads,
        "seconds": {stage: round(seconds, 1) for stage, seconds in found.seconds.items()},
        "estimated_seconds": None if found.total_seconds is None else round(found.total_seconds, 1),
        "memory_bytes": found.memory_bytes,
        "disk_bytes": found.disk_bytes,
    }


def lines(found: Forecast, threads: int) -> Iterator[str]:
    """Yield a forecast for people, line by line."""
    count = len(found.chunks)
    how = "at once" if count == 1 else f"in {count} chunks"
    yield f"{found.frames} frames by {found.backend}, {how}"
    if 1 < count <= SHOWN:
        ends = ", ".join(f"{first}-{last}" for first, last in found.chunks)
        yield f"chunks: frames {ends}; they may move where the film is cut"
    if found.total_seconds is None:
        yield "time: known once the network has seen the first frames"
    else:
        stages = ", ".join(f"{stage} {duration(s)}" for stage, s in found.seconds.items())
        plural = "thread" if threads == 1 else "threads"
        yield f"time: about {duration(found.total_seconds)} on {threads} {plural} ({stages})"
    if found.memory_bytes is not None:
        yield f"memory: about {found.memory_bytes / 1e9:.1f} GB, however many chunks there are"
    yield f"disk: about {found.disk_bytes / 1e9:.1f} GB while it runs"


def duration(seconds: float) -> str:
    """Return seconds in the unit that people would use."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
