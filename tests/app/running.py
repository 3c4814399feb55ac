"""Rounds for the fake child, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app import rounds, runs
from app.rounds import Round
from app.runs import Run
from app.schema import ENDED
from app.workspace import Workspace
from tests import processes
from tests.app import samples
from tests.app.fake_worker import COMMAND as COMMAND


def fake_round(workspace: Workspace, **config: Any) -> Round:
    """Queue a round for tests/app/fake_child.py, which says what the config may hold."""
    with workspace.write() as conn:
        return rounds.create(conn, preset="quick", config=config, seed=0)


def run_of(workspace: Workspace, run_id: str) -> Run:
    with workspace.read() as conn:
        return runs.get(conn, run_id)


def ended(workspace: Workspace, run_id: str, *, seconds: float = 30) -> Run:
    """Wait for the end of a run."""

    def look() -> Run | None:
        run = run_of(workspace, run_id)
        return run if run.state in ENDED else None

    return processes.eventually(look, seconds=seconds)


def predicted(workspace: Workspace, number: int) -> set[int]:
    """Return the frames that are announced as predicted; every announced file must be whole."""
    with workspace.read() as conn:
        files = rounds.predictions_of(conn, number)
    for each in files.values():
        for name in (each.labels_file, each.confidence_file):
            _decode(workspace.path(name))
    return set(files)


def _decode(file: Path) -> None:
    image = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None, f"{file} can't be decoded"
    assert image.shape == (samples.HEIGHT, samples.WIDTH)
