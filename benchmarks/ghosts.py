"""Ghost labels: how soon they show, and how right they are.

    .venv/bin/python -m benchmarks.ghosts latency [--frames 100] [--labelled 30]
    .venv/bin/python -m benchmarks.ghosts exact [--seeds 1 2 3] [--frames 36] [--drawn 6]
    .venv/bin/python -m benchmarks.ghosts scene SCENE LABELS [--ignore ID] [--drawn 6]

latency: a synthetic street of 150 000 cells a frame; a stroke is sent to the studio's routes and
the ghosts of another frame are asked for, in one process. "warm": the other frame has been looked
at before; "cold": never. exact: rendered clips with their own depth, poses and labels. scene: a
reconstruction (a scene's folder in a project) beside dense labels. Strokes are simulated on
`--drawn` frames spread over the clip, and compared with the labels of all other frames where they
land; a cell's truth is what most of its pixels show.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import numpy as np
from starlette.testclient import TestClient

from annotations import labelset
from annotations.formats.png import read_ids
from annotations.rasterise import rasterise
from annotations.simulate import frame_rng, simulate, spread
from annotations.types import ClassMap
from app.street.view import render
from app.web.auth import Access
from app.web.server import create_app
from app.workspace import open_workspace
from benchmarks import environment, ghost_street
from rewis3d.geometry import Camera
from rewis3d.job import read_job
from rewis3d.lifting import lift
from rewis3d.propagate import ghosts, lift_frame
from rewis3d.scene import GridMap, SceneFolder, SceneView, ViewGeometry
from rewis3d.types import UNLABELLED


@dataclass(frozen=True)
class Told:
    """A frame of a clip with all that is known."""

    scene: int
    view: SceneView
    truth: np.ndarray
    """Class ids of the image's pixels; UNLABELLED where it does not count."""
    moving: np.ndarray | None = None
    """Pixels of things that move, where that is known."""


def main() -> None:
    options = _options()
    print(f"{environment.describe()}\n")
    options.act(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    acts = parser.add_subparsers(required=True)
    latency = acts.add_parser("latency")
    latency.add_argument("--frames", type=int, default=100)
    latency.add_argument("--labelled", type=int, default=30)
    latency.add_argument("--strokes", type=int, default=30)
    latency.set_defaults(act=_latency)
    exact = acts.add_parser("exact")
    exact.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    exact.add_argument("--frames", type=int, default=36)
    exact.add_argument("--motion", default="drive")
    exact.set_defaults(act=_exact)
    scene = acts.add_parser("scene")
    scene.add_argument("scene", type=Path, help="folder of a finished scene in a project")
    scene.add_argument("labels", type=Path, help="folder of PNGs named as the frames")
    scene.add_argument("--ignore", type=int, help="value of the PNGs that means no class")
    scene.set_defaults(act=_scene)
    for each in (exact, scene):
        each.add_argument("--classes", default="camvid-11", help="preset of the labels")
        each.add_argument("--drawn", type=int, default=6, help="frames with strokes")
    return parser.parse_args()


def _exact(options: argparse.Namespace) -> None:
    for seed in options.seeds:
        clip = render(seed, frames=options.frames, motion=options.motion)
        told = [_rendered(index, view) for index, view in enumerate(clip)]
        print(f"rendered clip, seed {seed}, {options.motion}, exact depth and poses")
        _table(told, labelset.PRESETS[options.classes], drawn=options.drawn, seed=seed)


def _rendered(frame_id: int, seen: Any) -> Told:
    height, width = seen.labels.shape
    geometry = ViewGeometry(
        frame_id,
        height,
        width,
        Camera(seen.K, width, height),
        seen.T_world_camera,
        GridMap((1.0, 1.0)),
        "given",
    )
    confidence = np.where(seen.depth > 0, 0.9, 0).astype(np.float16)
    view = SceneView(geometry, seen.depth.astype(np.float16), confidence)
    return Told(0, view, seen.labels, seen.moving)


def _scene(options: argparse.Namespace) -> None:
    class_map = labelset.PRESETS[options.classes]
    job = read_job(options.scene / "job")
    names = {view.frame_id: view.name for view in job.views}
    ignore = () if options.ignore is None else (options.ignore,)
    told = []
    for scene in SceneFolder(options.scene).scenes():
        for view in scene.views:
            shape = {"height": view.geometry.image_height, "width": view.geometry.image_width}
            file = options.labels / f"{names[view.frame_id]}.png"
            truth = read_ids(file, class_map, ignore=ignore, **shape)
            told.append(Told(scene.index, view, truth))
    told.sort(key=lambda one: one.view.frame_id)
    print(f"{options.scene}: {len(told)} of {len(job.views)} frames have a view")
    _table(told, class_map, drawn=options.drawn, seed=0)


def _table(told: Sequence[Told], class_map: ClassMap, *, drawn: int, seed: int) -> None:
    """Print how many cells of each class others' strokes label, and how many of those rightly."""
    places = spread(len(told), drawn)
    flat = [label.class_id for label in class_map.classes if not label.has_geometry]
    lifted = [
        lift_frame(
            _scribbles(told[at], class_map, frame_rng(seed, at)),
            told[at].scene,
            told[at].view,
            without=flat,
        )
        for at in places
    ]
    counts = _Counts(class_map)
    for at in set(range(len(told))) - set(places):
        one = told[at]
        own = np.full(one.view.depth.shape, UNLABELLED, np.uint8)
        counts.add(one, ghosts(lifted, one.scene, one.view, own).labels)
    print(f"strokes on {drawn} of {len(told)} frames\n")
    print(counts.table(), flush=True)


def _scribbles(told: Told, class_map: ClassMap, rng: np.random.Generator) -> np.ndarray:
    strokes = [
        stroke.on(0, author="simulated", uuid=uuid4())
        for stroke in simulate(told.truth, class_map.class_ids, rng=rng)
    ]
    ids = np.arange(256, dtype=np.uint8)
    ids[: len(class_map)] = class_map.class_ids
    return ids[rasterise(strokes, class_map, *told.truth.shape)]


class _Counts:
    """Cells by what they are and what strokes of others say."""

    def __init__(self, class_map: ClassMap) -> None:
        self._classes = class_map.classes
        self._cells = np.zeros((256, 256), np.int64)
        self._moving = np.zeros(2, np.int64)

    def add(self, told: Told, labels: np.ndarray) -> None:
        truth = lift(told.truth, told.view.geometry)
        np.add.at(self._cells, (truth.reshape(-1), labels.reshape(-1)), 1)
        if told.moving is not None:
            moves = lift(told.moving.astype(np.uint8), told.view.geometry) == 1
            there = moves & (labels != UNLABELLED) & (truth != UNLABELLED)
            self._moving += [(there & (labels == truth)).sum(), there.sum()]

    def table(self) -> str:
        cells = self._cells[:UNLABELLED]
        said = cells[:, :UNLABELLED]
        rows = ["| class | precision | coverage | ghost cells |", "|---|---|---|---|"]
        for label in self._classes:
            at = label.class_id
            rows.append(_row(label.name, said[at, at], said[:, at].sum(), cells[at].sum()))
        right = int(np.trace(said))
        rows.append(_row("all", right, said.sum(), cells.sum()))
        if self._moving[1]:
            still = right - self._moving[0], said.sum() - self._moving[1]
            rows.append(_row("all that stands still", *still, cells.sum()))
        return "\n".join([*rows, ""])


def _row(name: str, right: int, said: int, there: int) -> str:
    precision = f"{right / said:.1%}" if said else "-"
    coverage = f"{right / there:.2%}" if there else "-"
    return f"| {name} | {precision} | {coverage} | {said} |"


def _latency(options: argparse.Namespace) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        ghost_street.make_project(root, frames=options.frames, labelled=options.labelled)
        with open_workspace(root) as workspace:
            app = create_app(workspace, access=Access(), page=False)
            with TestClient(app, base_url="http://127.0.0.1:7860") as client:
                _time_all(client, options)


def _time_all(client: TestClient, options: argparse.Namespace) -> None:
    frames = [frame["id"] for frame in client.get("/api/project").json()["frames"]]
    cells = ghost_street.HEIGHT * ghost_street.WIDTH
    points = f"{len(frames) * cells / 1e6:.1f} M points"
    print(f"{len(frames)} frames, {points}, {options.labelled} frames with strokes\n")
    print("| from the stroke to | n | p50 ms | p95 ms | max ms | CPU ms | load |")
    print("|---|---|---|---|---|---|---|")
    drawn = [frames[at] for at in spread(len(frames), options.labelled)]
    rest = [frame for frame in frames if frame not in drawn]
    pairs = list(zip(drawn * 4, rest[1:], strict=False))[: options.strokes]
    rng = np.random.default_rng(0)

    def both(drawn_on: int, shown: int) -> Callable[[], None]:
        def act() -> None:
            _stroke(client, drawn_on, rng)
            _ghosts(client, shown)

        return act

    _line("the first ghosts: all frames are lifted", [lambda: _ghosts(client, rest[0])])
    _line("ghosts of another frame, cold", [both(*pair) for pair in pairs])
    _line("ghosts of another frame, warm", [both(pairs[0][0], shown) for _, shown in pairs])
    _line("the stroke's own answer", [lambda f=f: _stroke(client, f, rng) for f, _ in pairs])
    started = time.perf_counter()
    while client.get("/api/ghosts").json()["stale"]:
        time.sleep(0.05)
    print(f"\nall gains and conflicts for the first time: {time.perf_counter() - started:.1f} s")
    _stroke(client, drawn[0], rng)
    started = time.perf_counter()
    while (found := client.get("/api/ghosts").json())["stale"]:
        time.sleep(0.05)
    took = time.perf_counter() - started
    print(f"after one more stroke: {took:.2f} s; {len(found['conflicts'])} conflicts")


def _line(what: str, acts: Sequence[Callable[[], None]]) -> None:
    took, cpu = [], time.process_time()
    for act in acts:
        started = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - started))
    cpu = 1000 * (time.process_time() - cpu) / len(acts)
    p50, p95, most = np.percentile(took, [50, 95, 100])
    load = os.getloadavg()[0]
    print(
        f"| {what} | {len(acts)} | {p50:.0f} | {p95:.0f} | {most:.0f} | {cpu:.0f} | {load:.1f} |",
        flush=True,
    )


def _ghosts(client: TestClient, frame: int) -> None:
    client.get(f"/api/frames/{frame}/ghosts.png").raise_for_status()


def _stroke(client: TestClient, frame: int, rng: np.random.Generator) -> None:
    x, y = rng.uniform(40, ghost_street.WIDTH - 40), rng.uniform(200, ghost_street.HEIGHT - 20)
    xy = [[x + 1.5 * step, y + rng.uniform(-2, 2)] for step in range(-20, 21)]
    body: Mapping[str, Any] = {"frame": frame, "class": 3, "width": 5, "xy": xy}
    answer = client.post("/api/strokes", json={**body, "uuid": str(uuid4()), "client": "bench"})
    answer.raise_for_status()


if __name__ == "__main__":
    main()
