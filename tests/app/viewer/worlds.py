"""Worlds of exact depth: a road between two walls, seen by cameras that drive along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float64, UInt8

from annotations import store
from annotations.types import Frame
from app import runs, scenes
from app.workspace import Workspace
from rewis3d.geometry import inverse, pinhole, transform
from rewis3d.job import View
from rewis3d.reconstruct.report import summarise, to_json
from rewis3d.reconstruct.solution import Solution
from rewis3d.scene import GridMap, Scene, SceneFolder, SceneGeometry, ViewGeometry

EYE: Final = 1.5
"""Height of the cameras above the road."""
HALF: Final = 4.0
"""From the middle of the road to a wall."""
END: Final = 30.0
"""Where the wall at the end of the road stands, along +z."""
STEP: Final = 0.5
UP: Final = np.array([0.0, -1.0, 0.0])


@dataclass(frozen=True, slots=True)
class Picture:
    """What a camera sees."""

    depth: Float64[np.ndarray, "r c"]
    surface: UInt8[np.ndarray, "r c"]
    """0 road, 1 left wall, 2 right wall, 3 end, 4 sky."""
    world: Float64[np.ndarray, "r c 3"]


def frame(frame_id: int, *, width: int = 64, height: int = 48) -> Frame:
    """Return a frame that is in no project."""
    return Frame(frame_id, 1, frame_id, f"{frame_id}", f"{frame_id}.png", height, width, None)


def geometry(
    frames: Sequence[Frame], *, width: int, height: int, start: float = 0.0
) -> SceneGeometry:
    """Return cameras of the frames, each STEP further along the road, on grids of this size."""
    views = []
    for index, frame in enumerate(frames):
        pose = np.eye(4)
        pose[2, 3] = start + STEP * index
        scale = (width / frame.width, height / frame.height)
        views.append(
            ViewGeometry(
                frame.frame_id,
                frame.height,
                frame.width,
                pinhole(0.8 * width, width, height),
                pose,
                GridMap(scale),
                "given",
            )
        )
    return SceneGeometry(tuple(views), UP, "metric")


def look(view: ViewGeometry) -> Picture:
    """Return the exact depth of a view: where its rays meet the road, a wall or nothing."""
    rays = view.camera.grid_rays()
    origin = view.T_world_camera[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = [
            (EYE - origin[1]) / rays[..., 1],
            (-HALF - origin[0]) / rays[..., 0],
            (HALF - origin[0]) / rays[..., 0],
            (END - origin[2]) / rays[..., 2],
        ]
    far = np.stack([np.where(np.isfinite(hit) & (hit > 0), hit, np.inf) for hit in hits])
    depth, surface = far.min(axis=0), far.argmin(axis=0).astype(np.uint8)
    world = origin + rays * depth[..., None]
    sky = world[..., 1] < EYE - 4.0  # walls are four high
    surface[sky], depth[sky] = 4, 0
    return Picture(depth, surface, world)


def write(folder: SceneFolder, pieces: Sequence[SceneGeometry], *, confidence: float = 0.9) -> None:
    """Write a finished reconstruction; confidence falls with distance."""
    folder.root.mkdir(parents=True, exist_ok=True)
    folder.write_cameras(pieces)
    for piece in pieces:
        for view in piece.views:
            picture = look(view)
            trust = np.where(picture.depth > 0, confidence * np.exp(-picture.depth / 60), 0)
            folder.write_view(view.frame_id, depth=picture.depth, confidence=trust)


def make_scene(root: Any, frames: Sequence[Frame], *, width: int = 64, height: int = 48) -> Scene:
    """Write a scene of one piece into a folder, and read it."""
    folder = SceneFolder(root)
    write(folder, [geometry(frames, width=width, height=height)])
    return folder.scenes()[0]


def give_scene(workspace: Workspace, *, pieces: int = 1, width: int = 64, height: int = 48) -> int:
    """Give a project a finished scene that is used, and return its number."""
    with workspace.write() as conn:
        frames = store.list_frames(conn)
        row = scenes.create(conn, config={"backend": "given"})
        claim = runs.claim(conn, row.run.run_id, slot="a")
    assert claim is not None
    parts = np.array_split(np.arange(len(frames)), pieces)
    geometries = [geometry([frames[i] for i in part], width=width, height=height) for part in parts]
    folder = SceneFolder(workspace.path(row.folder))
    write(folder, geometries)
    views = [View(f.frame_id, f.file, f.height, f.width, name=f.name) for f in frames]
    solution = Solution(
        scenes=tuple(geometries), reasons={}, cuts=(), reprojection_error_px=None, ranges={}
    )
    report = summarise(views, solution, folder, backend="given", seconds=1.0)
    with workspace.write() as conn:
        scenes.finish(conn, claim, to_json(report))
        runs.finish(conn, claim, result={})
    return row.number


def seen_from(view: ViewGeometry, world: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 2"]:
    """Return image pixels of world points, by the definition."""
    local = transform(inverse(view.T_world_camera), world)
    return view.grid.to_image(view.camera.project(local))
