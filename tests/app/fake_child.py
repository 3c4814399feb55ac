"""A child without torch: `python tests/app/fake_child.py FD FOLDER` predicts grey frames, slowly.

The job's config says how: `seconds` for each frame, and what goes wrong before the frame of number
`at`: "raise", "refuse", "exit", "segfault", "kill", "hang", "babble", "stubborn" (hang, SIGTERM
ignored).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from app import child
from rewis3d.job import View, read_job
from rewis3d.reports import Done, Point, Progress, Published, Report, Scores
from rewis3d.types import Rewis3dError


def run(folder: Path) -> Iterator[Report]:
    job = read_job(folder)
    if job.task == "reconstruct":
        sys.path.append(str(Path(__file__).parents[2]))  # -P leaves it out
        from tests.app import fake_scene

        yield from fake_scene.run(folder)
        return
    output = folder / job.output
    if job.task == "export":
        output.mkdir(parents=True)
        (output / "model.txt").write_text(job.options["format"])
        yield Done({})
        return
    for step, view in enumerate(job.views):
        if step == job.config.get("at"):
            go_wrong(job.config["wrong"], folder)
        time.sleep(job.config.get("seconds", 0.01))
        yield Progress("predicting", step, len(job.views), eta_seconds=1.0)
        yield Point("loss", step, 1 / (step + 1))
        yield publish(view, output)
    yield Scores(miou=0.5, accuracy=0.75, iou={"ground": 0.5, "sky": None}, pixels=10)
    yield Done({"frames": len(job.views)})


def publish(view: View, output: Path) -> Published:
    files = {"labels": 1, "confidence": 200}
    names = {kind: f"predictions/{view.frame_id}.{kind}.png" for kind in files}
    (output / "predictions").mkdir(exist_ok=True)
    for kind, value in files.items():
        target = output / names[kind]
        image = np.full((view.height, view.width), value, np.uint8)
        aside = target.with_name(target.name + ".partial")
        aside.write_bytes(cv2.imencode(".png", image)[1].tobytes())
        aside.replace(target)
    return Published(view.frame_id, names["labels"], names["confidence"])


def go_wrong(how: str, folder: Path) -> None:
    """Misbehave once: a second attempt finds the mark and goes on."""
    mark = folder / f"went-wrong-{how}"
    if mark.exists():
        return
    mark.touch()
    print(f"about to {how}", flush=True)  # noqa: T201
    if how == "raise":
        raise ValueError("no such thing\nas a second line")
    if how == "refuse":
        raise Rewis3dError("frame 3 can't be read")
    if how == "exit":
        os._exit(3)
    if how == "segfault":
        ctypes.string_at(0)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "babble":
        sys.stdout.write("x" * (3 << 20))
        return
    if how == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


if __name__ == "__main__":
    sys.exit(child.main(sys.argv[1:], run))
