"""How smooth painting is in Chromium at 1920 x 1080: frames a second, ink, frame switches.

    .venv/bin/python -m benchmarks.painting [--strokes 200] [--seconds 5] [--switches 40]

The studio is a real process; the clip is eight drawn frames of 1920 x 1080 with a prediction each,
the open one with `--strokes` strokes. Frames a second: requestAnimationFrame while the mouse draws.
Input to ink: from a move's time stamp to the first moment after the paint that shows it. Frame
switch: from the key's time stamp to the first moment after the paint that shows image, strokes and
prediction of the new frame. Headless Chromium paints by software: a machine with a GPU does better.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import uuid4

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

from annotations import classes, labelset, store
from annotations.types import Stroke
from app import rounds, runs, slots
from app.ingest.images import import_images
from app.workspace import Workspace, making, open_workspace
from benchmarks import environment
from rewis3d.reports import Published

WIDTH, HEIGHT, FRAMES = 1920, 1080, 8
MEASURE: Final = Path(__file__).with_name("painting.js")


def main() -> None:
    options = _options()
    print(f"Painting on {WIDTH} x {HEIGHT}\n\n{environment.describe()}\n")
    with TemporaryDirectory() as folder:
        project = _project(Path(folder), options.strokes)
        with _studio(project) as url, _page(url) as page:
            print("| what | n | p50 | p95 | max | load |\n|---|---|---|---|---|---|")
            _painting(page, options.seconds)
            _switching(page, options.switches)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--strokes", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to paint")
    parser.add_argument("--switches", type=int, default=40)
    return parser.parse_args()


def _project(folder: Path, strokes: int) -> Path:
    images = folder / "images"
    images.mkdir()
    rng = np.random.default_rng(0)
    for index in range(FRAMES):
        coarse = rng.integers(0, 255, (HEIGHT // 40, WIDTH // 40, 3), dtype=np.uint8)
        image = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(images / f"{index}.jpg"), image)
    with making(folder / "project", "painting") as workspace:
        with workspace.write() as conn:
            classes.seed_classes(conn, labelset.PRESETS["camvid-11"], author="annotator")
        import_images(workspace, images)
    with open_workspace(folder / "project") as workspace:
        _draw(workspace, strokes, rng)
        _predict(workspace, rng)
    return folder / "project"


def _draw(workspace: Workspace, count: int, rng: np.random.Generator) -> None:
    with workspace.write() as conn:
        frame = store.list_frames(conn)[0]
        drawn = []
        for index in range(count):
            steps = rng.normal(0, 12, (30, 2)).cumsum(axis=0)
            start = rng.uniform((200, 100), (WIDTH - 200, HEIGHT - 100))
            xy = (start + steps).astype(np.float32)
            stroke = Stroke(str(uuid4()), frame.frame_id, index % 11, xy, 9.0, "annotator")
            drawn.append(stroke)
        store.append_strokes(conn, drawn, client="benchmark", gesture=str(uuid4()))


def _predict(workspace: Workspace, rng: np.random.Generator) -> None:
    with slots.hold(workspace) as slot:
        with workspace.write() as conn:
            made = rounds.create(conn, preset="quick", config={}, seed=0)
            claim = runs.claim(conn, made.run.run_id, slot=slot.holder)
            ids = [frame.frame_id for frame in store.list_frames(conn)]
        assert claim is not None
        out = workspace.root / "rounds/0001/predictions"
        out.mkdir(parents=True)
        coarse = rng.integers(0, 11, (HEIGHT // 60, WIDTH // 60), dtype=np.uint8)
        labels = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
        for frame_id in ids:
            cv2.imwrite(str(out / f"{frame_id}.labels.png"), labels)
            cv2.imwrite(str(out / f"{frame_id}.confidence.png"), 20 * labels)
        files = [
            Published(one, f"predictions/{one}.labels.png", f"predictions/{one}.confidence.png")
            for one in ids
        ]
        with workspace.write() as conn:
            rounds.publish(conn, claim, files)
            runs.finish(conn, claim, result={})


@contextmanager
def _studio(project: Path) -> Iterator[str]:
    words = ["annotate", str(project), "--no-browser", "--no-worker", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "app", *words],
        cwd=environment.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().partition(": ")[2].strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


@contextmanager
def _page(url: str) -> Iterator[Page]:
    system = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=system if system.exists() else None, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(url)
        page.wait_for_function("document.querySelector('#studio[data-ready=yes]')")
        page.evaluate("window.rewis3d.idle()")
        page.evaluate(MEASURE.read_text())
        yield page
        browser.close()


def _painting(page: Page, seconds: float) -> None:
    box: Any = page.locator(".layer.image").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate("window.measure.begin()")
    page.mouse.move(*middle)
    page.mouse.down()
    for step in range(1_000_000):
        angle = step / 9
        reach = box["height"] * (0.1 + 0.3 * abs(math.sin(step / 70)))
        page.mouse.move(middle[0] + reach * math.cos(angle), middle[1] + reach * math.sin(angle))
        if step % 120 == 119:  # a stroke every second or two, as hands draw
            page.mouse.up()
            page.mouse.down()
        if page.evaluate("window.measure.elapsed()") > 1000 * seconds:
            break
    page.mouse.up()
    found = page.evaluate("window.measure.end()")
    gaps = found["gaps"]
    mean = 1000 * len(gaps) / sum(gaps)
    print(f"| frames a second, mean | {len(gaps)} | {mean:.1f} | | | {_load()} |")
    _row("time between paints, ms", gaps)
    _row("input to ink, ms", found["ink"])


def _switching(page: Page, switches: int) -> None:
    page.evaluate("window.rewis3d.idle()")
    for index in range(switches):
        page.keyboard.press("a" if index // (FRAMES - 1) % 2 else "d")
        page.wait_for_timeout(350)  # about as long as a look at a frame takes
    _row("frame switch, ms", page.evaluate("window.measure.switches"))


def _row(what: str, values: list[float]) -> None:
    p50, p95, most = np.percentile(values, [50, 95, 100])
    print(
        f"| {what} | {len(values)} | {p50:.1f} | {p95:.1f} | {most:.1f} | {_load()} |", flush=True
    )


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
