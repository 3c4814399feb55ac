"""A child without torch that learns a little: `python learner.py FD FOLDER`.

It tells classes by their colours and then spoils the left columns of every frame: fewer of them in
some rows than in others, and one more with each seed. LEARNER_WRONG, such as "recon-0 kill", has
it misbehave once in the middle of that cell: kill, refuse, raise, exit, hang.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from app import child
from rewis3d.job import Job, View, read_job
from rewis3d.reports import Done, Progress, Report
from rewis3d.types import Rewis3dError

SPOILT: Final = {"quick": 40, "ce": 36, "ema": 32, "recon": 16, "full": 8, "ceiling": 0}
"""Columns, by row; 24 in all others."""
COLOURS: Final = np.array([[90, 80, 70], [200, 40, 40], [150, 190, 230]])
STEPS: Final = 4


def run(folder: Path) -> Iterator[Report]:
    job = read_job(folder)
    output = folder / job.output
    cell = "{row}-{seed}".format(**job.options)
    with (output / "worked.txt").open("a") as file:
        file.write(f"{os.getpid()}\n")
    if not (output / "model").is_dir():
        yield from learn(output / "learning", cell)
        (output / "model").mkdir()
    for place, view in enumerate(job.views):
        file = output / f"predictions/{view.frame_id}.labels.png"
        if not file.exists():
            predict(view, job, folder, file)
        yield Progress("predicting", place + 1, len(job.views))
    yield Done({})


def learn(folder: Path, cell: str) -> Iterator[Report]:
    """Make the steps that are not made yet."""
    folder.mkdir(exist_ok=True)
    for step in range(len(list(folder.iterdir())), STEPS):
        if step == STEPS // 2:
            go_wrong(folder.parent, cell)
        (folder / str(step)).touch()
        yield Progress("learning", step + 1, STEPS, 1.0)


def go_wrong(output: Path, cell: str) -> None:
    name, _, how = os.environ.get("LEARNER_WRONG", "").partition(" ")
    mark = output / "went-wrong"
    if name != cell or mark.exists():
        return
    mark.touch()
    if how == "refuse":
        raise Rewis3dError("one view at a time is too much for the memory")
    if how == "raise":
        raise ValueError("no such thing")
    if how == "exit":
        os._exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(600)


def predict(view: View, job: Job, folder: Path, file: Path) -> None:
    image = cv2.imread(str(folder / view.image))
    assert image is not None
    away = np.abs(image[..., None, ::-1].astype(int) - COLOURS).sum(axis=-1)
    labels = away.argmin(axis=-1).astype(np.uint8)
    spoilt = SPOILT.get(job.options["row"], 24) + job.seed
    labels[:, :spoilt] = (labels[:, :spoilt] + 1) % 3
    file.parent.mkdir(exist_ok=True)
    aside = file.with_name(f"{file.name}.partial")
    aside.write_bytes(cv2.imencode(".png", labels)[1].tobytes())
    aside.replace(file)


if __name__ == "__main__":
    sys.exit(child.main(sys.argv[1:], run))
