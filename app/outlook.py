"""What a reconstruction of a project would take: chunks, time, memory, disk. Nothing is started."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from annotations import store
from annotations.types import Frame
from app import jobs
from app.backends import backends
from app.errors import StudioError
from app.workspace import Workspace
from rewis3d.job import View
from rewis3d.reconstruct import config as reconstruction
from rewis3d.reconstruct.forecast import Forecast, forecast

NETWORK: Final = "mapanything"
_DRIVER: Final = "nvidia-smi"
"""What comes with every CUDA device; asking the device itself takes seconds."""


def outlook(
    workspace: Workspace,
    *,
    threads: int,
    backend: str = "auto",
    overrides: Mapping[str, str] | None = None,
    given: Path | None = None,
) -> Forecast:
    """Return what `jobs.start_reconstruct` with the same words would take.

    StudioError or Rewis3dError where it could not be made.
    """
    chosen = reconstruction.resolve(backend, overrides or {})
    place = jobs.given_place(chosen.backend, given)
    with workspace.read() as conn:
        views = [_view(frame) for frame in store.list_frames(conn)]
    if not views:
        raise StudioError("the project has no frames yet; import a clip first")
    name = chosen.backend
    if name == "auto":
        name = "given" if place else _automatic()
    return forecast(views, chosen, backend=name, threads=threads)


def _automatic() -> str:
    """Return what `auto` comes to here (rewis3d/reconstruct/run.py asks CUDA itself)."""
    ready = any(one.name == NETWORK and one.ready for one in backends())
    return NETWORK if ready and shutil.which(_DRIVER) else "colmap"


def _view(frame: Frame) -> View:
    return View(
        frame.frame_id,
        frame.file,
        frame.height,
        frame.width,
        name=frame.name,
        clip=frame.clip_id,
        focal=frame.focal,
    )
