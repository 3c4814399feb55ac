"""What lies on a reserved frame reaches no weight: the whole way from the strokes to the model."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np

from annotations import store
from app import bridge, rounds
from app.workspace import Workspace, open_workspace
from rewis3d import quick
from rewis3d.checkpoint import WEIGHTS_FILE
from rewis3d.presets import resolve, to_json
from tests.app import samples


def _trained(workspace: Workspace) -> tuple[bytes, list[str]]:
    """Return a round's weights, and everything that its run said of losses and scores."""
    config = to_json(resolve("quick", {"steps": "20", "grown_steps": "20", "batch": "64"}))
    with workspace.write() as conn:
        number = rounds.create(conn, preset="quick", config=config, seed=1).number
    folder = bridge.write_training_job(workspace, number)
    said = [
        repr(report) for report in quick.run(folder) if type(report).__name__ in ("Point", "Scores")
    ]
    return (folder.parent / "model" / WEIGHTS_FILE).read_bytes(), said


def _poison(workspace: Workspace, frame_id: int) -> None:
    """Draw nonsense all over a frame and replace its image."""
    samples.draw(
        workspace,
        *(
            samples.stroke(frame_id, row % 3, (0.5, row + 0.5), (63.5, row + 0.5), width=1.0)
            for row in range(0, samples.HEIGHT, 4)
        ),
    )
    with workspace.read() as conn:
        file = workspace.path(store.get_frame(conn, frame_id).file)
    noise = np.random.default_rng(7).integers(0, 256, (samples.HEIGHT, samples.WIDTH, 3))
    assert cv2.imwrite(str(file), noise.astype(np.uint8))


def test_a_poisoned_reserved_frame_changes_no_bit_of_the_weights(
    project: Workspace, tmp_path: Path
):
    samples.label_all(project, frames=4)
    reserved = samples.frame_ids(project)[2]
    with project.write() as conn:
        store.set_reserved(conn, [reserved])
    shutil.copytree(project.root, tmp_path / "poisoned")
    clean = _trained(project)
    with open_workspace(tmp_path / "poisoned") as poisoned:
        _poison(poisoned, reserved)
        assert _trained(poisoned) == clean
        with poisoned.write() as conn:
            store.set_reserved(conn, [reserved], reserved=False)
        assert _trained(poisoned) != clean  # the poison works where it may
