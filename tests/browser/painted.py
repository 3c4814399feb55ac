"""Rounds that nobody trained: their predictions are painted by numpy, at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from app import rounds, runs, slots
from app.runs import Claim
from app.workspace import Workspace
from rewis3d import presets
from rewis3d.reports import Point, Published, Rival, Scores
from tests.browser.clip import HEIGHT, WIDTH, frame_ids


def halves(left: int, right: int) -> UInt8[np.ndarray, "240 320"]:
    """Return a prediction of two train ids side by side."""
    labels = np.full((HEIGHT, WIDTH), right, np.uint8)
    labels[:, : WIDTH // 2] = left
    return labels


@contextmanager
def begun_round(
    workspace: Workspace, *, preset: str = "quick", scene: int | None = None, better: bool = False
) -> Iterator[tuple[int, Claim]]:
    """Work on a round of the strokes of now: its number and the right to write to it."""
    config = presets.to_json(presets.resolve(preset, {}))
    with slots.hold(workspace) as slot:  # the studio names a run as interrupted that nobody holds
        with workspace.write() as conn:
            made = rounds.create(
                conn, preset=preset, config=config, seed=0, scene=scene, use_if_better=better
            )
            claim = runs.claim(conn, made.run.run_id, slot=slot.holder)
        assert claim is not None
        yield made.number, claim


def publish(
    workspace: Workspace, claim: Claim, number: int, labels: UInt8[np.ndarray, "240 320"]
) -> None:
    """Let the round predict the same for every frame."""
    folder = workspace.root / f"rounds/{number:04d}/predictions"
    folder.mkdir(parents=True, exist_ok=True)
    published = []
    for frame_id in frame_ids(workspace):
        cv2.imwrite(str(folder / f"{frame_id}.labels.png"), labels)
        cv2.imwrite(str(folder / f"{frame_id}.confidence.png"), np.full_like(labels, 200))
        labels_file, confidence_file = (
            f"predictions/{frame_id}.{kind}.png" for kind in ("labels", "confidence")
        )
        published.append(Published(frame_id, labels_file, confidence_file))
    with workspace.write() as conn:
        rounds.publish(conn, claim, published)


def finish_round(
    workspace: Workspace,
    claim: Claim,
    *,
    miou: float,
    rival: Rival | None = None,
    stages: Mapping[str, Any] | None = None,
) -> None:
    """End the round with curves and scores; `stages` are those before and after its later ones."""
    scores = Scores(miou, 0.9, {"sky": miou, "ground": None}, 1234, rival, **(stages or {}))
    with workspace.write() as conn:
        points = [Point("loss", step, 2.0 / (1 + step)) for step in range(0, 100, 5)]
        runs.add_points(conn, claim, points)
        rounds.record_scores(conn, claim, scores)
        rounds.finish(conn, claim)
        runs.finish(conn, claim, result={})


def round_of(
    workspace: Workspace,
    labels: UInt8[np.ndarray, "240 320"],
    *,
    miou: float = 0.5,
    rival: Rival | None = None,
    stages: Mapping[str, Any] | None = None,
) -> int:
    """Make a whole round and return its number."""
    with begun_round(workspace) as (number, claim):
        publish(workspace, claim, number, labels)
        finish_round(workspace, claim, miou=miou, rival=rival, stages=stages)
    return number
