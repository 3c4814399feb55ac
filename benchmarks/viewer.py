"""How long a million points take to show a stroke, from its answer to the last byte in a browser's
place.

    .venv/bin/python -m benchmarks.viewer [--frames 100] [--strokes 20]

A drive along a road with walls, of exact depth: 100 frames of 480 x 360 are 17 million points. The
studio is a real server in this process and the viewer its own; the client takes the place of a
browser's frame: it has the cloud, and reads what comes through the studio's proxy. A stroke counts
from its answer to the message with the new colours. What a browser's graphics need is not in it.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import numpy as np
import viser
from PIL import Image
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.typing import Subprotocol

from annotations import classes
from annotations.labelset import PRESETS
from app.ingest.images import import_images
from app.workspace import making, open_workspace
from benchmarks import environment
from tests.app.viewer import worlds
from tests.browser.running import RunningStudio

WIDTH, HEIGHT = 480, 360
COLUMNS = "what | n | p50, ms | p95, ms | max, ms | load"


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast strokes show in 3D")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--strokes", type=int, default=20)
    options = parser.parse_args()
    print(f"The view in 3D, {options.frames} frames\n\n{environment.describe()}\n")
    with TemporaryDirectory() as folder:
        root = _project(Path(folder), options.frames)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        with RunningStudio(root, port) as studio, httpx.Client(base_url=studio.url) as client:
            _measure(client, port, options.strokes)


def _project(folder: Path, frames: int) -> Path:
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    for index in range(frames):
        image = rng.integers(60, 200, (HEIGHT // 8, WIDTH // 8, 3)).astype(np.uint8)
        large = image.repeat(8, axis=0).repeat(8, axis=1)
        Image.fromarray(large).save(folder / "images" / f"{index:04d}.jpg")
    with making(folder / "project", "a road") as workspace:
        with workspace.write() as conn:
            classes.seed_classes(conn, PRESETS["camvid-11"], author="annotator")
        import_images(workspace, folder / "images")
    with open_workspace(folder / "project") as workspace:
        worlds.give_scene(workspace, width=WIDTH, height=HEIGHT)
    return folder / "project"


def _measure(client: httpx.Client, port: int, strokes: int) -> None:
    frames = [frame["id"] for frame in client.get("/api/project").json()["frames"]]
    started = time.perf_counter()
    status = _opened(client, frames[0])
    print(f"opened, chosen and coloured after {time.perf_counter() - started:.1f} s: {status}\n")
    protocol = [Subprotocol(f"viser-v{viser.__version__}")]
    with connect(
        f"ws://127.0.0.1:{port}/viewer/bench", subprotocols=protocol, max_size=None, proxy=None
    ) as scene:
        scene.recv(timeout=30)
        largest = _quiet(scene, seconds=4)
        print(f"largest message: {largest / 1e6:.1f} MB\n\n| {COLUMNS} |")
        print("|---" * 6 + "|")
        points = status["points"]
        for turn, what in enumerate(("first stroke on a frame", "another stroke there")):
            chosen = frames[:strokes]
            _row(what, [_stroke(client, scene, frame, points, turn) for frame in chosen])


def _opened(client: httpx.Client, frame: int) -> dict:
    body = {"client": "bench", "frame": frame, "appearance": {"colouring": "strokes"}}
    while True:
        status = client.post("/api/viewer/open", json=body, timeout=60).json()
        if status["state"] == "ready":
            return status
        time.sleep(0.1)


def _quiet(scene: Connection, *, seconds: float = 1) -> int:
    """Read until nothing has come for so long; return the largest message's bytes."""
    largest = 0
    while True:
        try:
            largest = max(largest, len(scene.recv(timeout=seconds)))
        except TimeoutError:
            return largest


def _stroke(client: httpx.Client, scene: Connection, frame: int, points: int, turn: int) -> float:
    rng = random.Random(frame)
    xy = [[100 + 5 * step, 300 - 40 * turn + rng.uniform(-10, 10)] for step in range(50)]
    new = {"uuid": str(uuid4()), "frame": frame, "class": rng.randrange(8), "width": 12, "xy": xy}
    client.post("/api/strokes", json={**new, "client": "bench"}).raise_for_status()
    started = time.perf_counter()
    while len(scene.recv(timeout=30)) < 3 * points:
        pass
    took = time.perf_counter() - started
    _quiet(scene)
    return took


def _row(what: str, took: list[float]) -> None:
    p50, p95, most = np.percentile(took, [50, 95, 100]) * 1000
    load = os.getloadavg()[0]
    print(f"| {what} | {len(took)} | {p50:.0f} | {p95:.0f} | {most:.0f} | {load:.1f} |", flush=True)


if __name__ == "__main__":
    main()
