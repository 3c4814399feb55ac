"""Seconds from kill -9 of a worker until its round goes on, and from a request until it starts.

    python -m benchmarks.recovery [--rounds N]

Works on a project of four small frames with a child that does not import torch, so that what is
measured is the taking up and not the training.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from annotations import classes
from app import jobs
from app.ingest.images import import_images
from app.workspace import Workspace, making, open_workspace
from benchmarks.environment import describe
from tests import processes
from tests.app import samples
from tests.app.running import fake_round, predicted, run_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    count = parser.parse_args().rounds
    print(describe())
    with tempfile.TemporaryDirectory() as folder, project(Path(folder)) as workspace:
        with processes.started(processes.FAKE_WORKER, workspace.root):
            processes.eventually(lambda: jobs.worker_alive(workspace))
            show("request to first prediction", [start(workspace) for _ in range(count)])
        show("kill -9, another worker alive", [taken_up(workspace) for _ in range(count)])
        show("kill -9, worker started again", [started_again(workspace) for _ in range(count)])


def project(folder: Path) -> Workspace:
    images = samples.write_images(folder / "images")
    with making(folder / "project", "recovery") as workspace:
        with workspace.write() as conn:
            classes.seed_classes(conn, samples.CLASSES, author="benchmark")
        import_images(workspace, images)
    workspace = open_workspace(folder / "project")
    samples.label_all(workspace)
    return workspace


def show(what: str, seconds: list[float]) -> None:
    median, most = statistics.median(seconds), max(seconds)
    print(f"{what:34} median {median:5.2f} s, most {most:5.2f} s of {len(seconds)}")


def start(workspace: Workspace) -> float:
    since = time.monotonic()
    number = fake_round(workspace).number
    processes.eventually(lambda: predicted(workspace, number), every=0.005)
    return time.monotonic() - since


def hanging(workspace: Workspace) -> tuple[int, str]:
    """Start a round that stops moving after two frames."""
    one = fake_round(workspace, at=2, wrong="hang")
    processes.eventually(lambda: len(predicted(workspace, one.number)) == 2)
    return one.number, one.run.run_id


def goes_on(workspace: Workspace, number: int, run_id: str) -> float:
    """Return the seconds until a further frame is predicted."""
    since = time.monotonic()
    processes.eventually(lambda: len(predicted(workspace, number)) > 2, every=0.005)
    seconds = time.monotonic() - since
    processes.eventually(lambda: run_of(workspace, run_id).state == "done")
    return seconds


def taken_up(workspace: Workspace) -> float:
    with processes.started(processes.FAKE_WORKER, workspace.root) as first:
        processes.eventually(lambda: jobs.worker_alive(workspace))
        number, run_id = hanging(workspace)
        with processes.started(processes.FAKE_WORKER, workspace.root):
            time.sleep(3)  # until it has started and waits
            processes.kill(first)
            return goes_on(workspace, number, run_id)


def started_again(workspace: Workspace) -> float:
    with processes.started(processes.FAKE_WORKER, workspace.root) as first:
        number, run_id = hanging(workspace)
        processes.kill(first)
    with processes.started(processes.FAKE_WORKER, workspace.root):
        return goes_on(workspace, number, run_id)


if __name__ == "__main__":
    main()
