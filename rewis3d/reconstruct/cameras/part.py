"""What one chunk of a long clip found, in a folder of its own until all chunks are solved."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from rewis3d.geometry import Camera
from rewis3d.reconstruct import solution
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.cameras.together import Solved
from rewis3d.scene import SceneFolder
from rewis3d.types import Rewis3dError


def write_part(solved: Solved, folder: Path) -> None:
    """Write what a chunk found, complete or not at all."""
    aside = folder.with_name(f"{folder.name}.partial")
    if aside.exists():  # a run was killed in here
        shutil.rmtree(aside)
    aside.mkdir()
    for number, model in enumerate(solved.models):
        _write_model(model, aside / f"model{number:03d}.npz")
    solution.save(solved.solution, aside, SceneFolder(aside))
    aside.replace(folder)


def read_part(folder: Path) -> Solved:
    """Read what `write_part` wrote; Rewis3dError names the folder that is none."""
    found = solution.load(folder, SceneFolder(folder))
    if found is None:
        raise Rewis3dError(f"{folder}: not the cameras of a chunk")
    return Solved(found, tuple(_read_model(path) for path in sorted(folder.glob("model*.npz"))))


def _write_model(model: Model, path: Path) -> None:
    cameras = [model.cameras[place] for place in model.places]
    np.savez(
        path,
        places=np.array(model.places),
        K=np.array([camera.K for camera in cameras]),
        size=np.array([(camera.width, camera.height) for camera in cameras]),
        radial=np.array([camera.distortion[0] if camera.distortion else 0.0 for camera in cameras]),
        poses=np.array([model.poses[place] for place in model.places]),
        xyz=model.xyz,
        point=model.point,
        place=model.place,
        xy=model.xy,
        doubt=model.doubt,
        held=model.held,
    )


def _read_model(path: Path) -> Model:
    with np.load(path, allow_pickle=False) as stored:
        places = tuple(stored["places"].tolist())
        cameras = {
            place: Camera(K, width, height, (k, 0.0, 0.0, 0.0) if k else ())
            for place, K, (width, height), k in zip(
                places, stored["K"], stored["size"].tolist(), stored["radial"].tolist(), strict=True
            )
        }
        return Model(
            places,
            cameras,
            dict(zip(places, stored["poses"], strict=True)),
            xyz=stored["xyz"],
            point=stored["point"],
            place=stored["place"],
            xy=stored["xy"],
            doubt=float(stored["doubt"]),
            held=bool(stored["held"]),
        )
