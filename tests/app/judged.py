"""A predicted round and label folders for the tests of evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from app import bridge, rounds, runs
from app.workspace import Workspace
from rewis3d.reports import Published
from tests.app import samples
from tests.app.samples import frame_ids


def write_labels(folder: Path, *, frames: tuple[int, ...] = (0, 1, 2, 3)) -> Path:
    """Write the frames' true class ids under their names."""
    folder.mkdir(exist_ok=True)
    for index in frames:
        Image.fromarray(samples.truth(index)).save(folder / f"frame{index}.png")
    return folder


def predicted_round(workspace: Workspace, predictions: dict[int, np.ndarray]) -> int:
    """Make a round of the labels of now whose predictions (train ids by frame) are these."""
    with workspace.write() as conn:
        round_ = rounds.create(conn, preset="quick", config={}, seed=0)
        claim = runs.claim(conn, round_.run.run_id, slot="a")
    assert claim is not None
    bridge.write_training_job(workspace, round_.number)
    folder = workspace.path(round_.folder) / "predictions"
    folder.mkdir()
    published = []
    for index, train_ids in predictions.items():
        frame_id = frame_ids(workspace)[index]
        labels, confidence = (
            f"predictions/{frame_id}.{kind}.png" for kind in ("labels", "confidence")
        )
        for name in (labels, confidence):
            Image.fromarray(train_ids).save(workspace.path(round_.folder) / name)
        published.append(Published(frame_id, labels, confidence))
    with workspace.write() as conn:
        rounds.publish(conn, claim, published)
    return round_.number
