"""How long a stroke takes to be on the disk, and a frame to be there, alone and beside a round.

    .venv/bin/python -m benchmarks.stroke_latency CLIP [--strokes 500] [--rate 10] [--ignore 11]

CLIP holds images/ and labels/ as for benchmarks.quick_round. The studio is a real process with its
page and its worker; the client is this process, over one kept-alive connection. A stroke counts
from the POST to its answer. A frame switch counts from the first request to the last answer of
three in a row: strokes, image, prediction (browsers ask for all at once). Beside a round means that
a quick round trains and predicts all the time (a new one starts where one ends). Features of
frames are cached by the first round, as in a session of work.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx
import numpy as np

from benchmarks import environment

COLUMNS = "what | beside it | n | p50, ms | p95, ms | max, ms | load"
ENDED = ("done", "failed", "cancelled", "interrupted")


def main() -> None:
    options = _options()
    print(f"Strokes and frames on {options.clip.name}\n\n{environment.describe()}\n")
    print(f"| {COLUMNS} |\n|{'---|' * (COLUMNS.count('|') + 1)}")
    with TemporaryDirectory() as folder:
        project = _project(Path(folder) / "project", options)
        with _studio(project) as client:
            _measure(client, options, "nothing", lambda: None)
            _start_round(client)
            _measure(client, options, "a quick round", lambda: _keep_training(client))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clip", type=Path, help="folder with images/ and labels/")
    parser.add_argument("--ignore", help="value of the label PNGs that means no class")
    parser.add_argument("--classes", default="camvid-11", help="preset of the labels")
    parser.add_argument("--strokes", type=int, default=500)
    parser.add_argument("--switches", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10.0, help="strokes a second")
    return parser.parse_args()


def _project(project: Path, options: argparse.Namespace) -> Path:
    labels = ["--labels", str(options.clip / "labels")]
    labels += [] if options.ignore is None else ["--ignore", options.ignore]
    images = str(options.clip / "images")
    _rewis3d("new", str(project), "--images", images, "--classes", options.classes)
    _rewis3d("strokes", "simulate", str(project), *labels, "--frames", "3")
    _rewis3d("train", str(project), "--preset", "quick", "--wait")
    return project


def _rewis3d(*words: str) -> None:
    command = [sys.executable, "-P", "-m", "app", *words]
    done = subprocess.run(
        command, cwd=environment.ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"rewis3d {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def _studio(project: Path) -> Iterator[httpx.Client]:
    command = [sys.executable, "-P", "-m", "app", "annotate", str(project), "--no-browser"]
    process = subprocess.Popen(
        [*command, "--port", "0"], cwd=environment.ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().partition(": ")[2].strip()
        with httpx.Client(base_url=url, timeout=60) as client:
            client.get("/").raise_for_status()
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _measure(
    client: httpx.Client, options: argparse.Namespace, beside: str, between: Callable[[], None]
) -> None:
    frames = client.get("/api/project").json()["frames"]
    rng = random.Random(0)

    def row(what: str, count: int, act: Callable[[], None], every: float) -> None:
        load = os.getloadavg()[0]
        took = _times(count, act, every, between)
        p50, p95, most = np.percentile(took, [50, 95, 100]) * 1000
        print(
            f"| {what} | {beside} | {count} | {p50:.1f} | {p95:.1f} | {most:.1f} | {load:.1f} |",
            flush=True,
        )

    def stroke() -> None:
        client.post("/api/strokes", json=_stroke(frames, rng)).raise_for_status()

    def switch() -> None:
        frame = rng.choice(frames)
        paths = ["strokes", "image"]
        for path in paths:
            client.get(f"/api/frames/{frame['id']}/{path}").raise_for_status()
        prediction = f"/api/rounds/{frame['predicted']}/frames/{frame['id']}/labels.png"
        client.get(prediction).raise_for_status()

    def overview() -> None:
        client.get("/api/project").raise_for_status()

    row(f"stroke, {options.rate:g} a second", options.strokes, stroke, 1 / options.rate)
    row("stroke, one after the other", options.strokes, stroke, 0)
    row("frame switch", options.switches, switch, 0.1)
    row(f"overview of {len(frames)} frames", options.switches, overview, 0.1)


def _times(
    count: int, act: Callable[[], None], every: float, between: Callable[[], None]
) -> list[float]:
    took = []
    for index in range(count):
        if index % 20 == 0:
            between()
        started = time.perf_counter()
        act()
        took.append(time.perf_counter() - started)
        time.sleep(max(0.0, every - took[-1]))
    return took


def _stroke(frames: list[dict[str, Any]], rng: random.Random) -> dict[str, Any]:
    frame = rng.choice(frames[:20])  # strokes pile up on some frames, as in a session
    x, y = rng.uniform(0, frame["width"]), rng.uniform(0, frame["height"])
    xy = [[x + rng.uniform(-20, 20), y + rng.uniform(-20, 20)] for _ in range(60)]
    new = {"uuid": str(uuid4()), "frame": frame["id"], "class": rng.randrange(5), "width": 5}
    return {**new, "xy": xy, "client": "benchmark"}


def _start_round(client: httpx.Client) -> None:
    client.post("/api/rounds", json={"preset": "quick"}).raise_for_status()
    while client.get("/api/rounds").json()["rounds"][0]["state"] == "queued":
        time.sleep(0.05)


def _keep_training(client: httpx.Client) -> None:
    newest = client.get("/api/rounds").json()["rounds"][0]
    if newest["state"] == "failed":
        raise SystemExit(f"round {newest['number']} failed: {newest['error']}")
    if newest["state"] in ENDED:
        _start_round(client)


if __name__ == "__main__":
    main()
