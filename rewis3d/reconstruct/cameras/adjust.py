"""A mapped model adjusted to a lens that is known better than when it was mapped.

Mapping anew would take as long again, and may end elsewhere: this begins with what is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pycolmap

from rewis3d.geometry import inverse
from rewis3d.reconstruct.cameras.features import Lens, name_of
from rewis3d.reconstruct.cameras.mapping import camera_of, pose_of
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.threads import threads


def adjusted(model: Model, lenses: Sequence[Lens]) -> Model:
    """Return the model with these lenses, its poses and points moved so that all fits again.

    `lenses` are those of all views; one whose distortion is not known stays as the model has it.
    """
    found = _reconstruction(model, lenses)
    options = pycolmap.BundleAdjustmentOptions()
    options.refine_focal_length = options.refine_extra_params = False
    options.print_summary = False
    options.ceres.solver_options.num_threads = threads()
    config = pycolmap.BundleAdjustmentConfig()
    for place in model.places:
        config.add_image(place + 1)
    config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
    pycolmap.create_default_ceres_bundle_adjuster(options, config, found).solve()
    images = {place: found.image(place + 1) for place in model.places}
    return replace(
        model,
        cameras={at: camera_of(found.camera(images[at].camera_id)) for at in model.places},
        poses={at: pose_of(images[at]) for at in model.places},
        xyz=np.array([found.point3D(at + 1).xyz for at in range(len(model.xyz))]).reshape(-1, 3),
        doubt=0.0,
        held=True,
    )


def _reconstruction(model: Model, lenses: Sequence[Lens]) -> pycolmap.Reconstruction:
    """Return the model as pycolmap has it: image ids are places plus one, points in their order."""
    found = pycolmap.Reconstruction()
    ids = {lens: at for at, lens in enumerate(dict.fromkeys(lenses), start=1)}
    number = np.zeros(len(model.place), np.int64)
    for place in model.places:
        camera_id = ids[lenses[place]]
        if not found.exists_camera(camera_id):
            found.add_camera_with_trivial_rig(_camera(model, place, lenses[place], camera_id))
        own = np.flatnonzero(model.place == place)
        number[own] = np.arange(len(own))
        image = pycolmap.Image(
            name=name_of(place),
            keypoints=model.xy[own],
            camera_id=camera_id,
            image_id=place + 1,
        )
        pose = pycolmap.Rigid3d(inverse(model.poses[place])[:3])
        found.add_image_with_trivial_frame(image, pose)
    tracks = [pycolmap.Track() for _ in model.xyz]
    for point, place, at in zip(model.point, model.place, number, strict=True):
        tracks[point].add_element(int(place) + 1, int(at))
    for xyz, track in zip(model.xyz, tracks, strict=True):
        found.add_point3D(xyz, track)
    return found


def _camera(model: Model, place: int, lens: Lens, camera_id: int) -> pycolmap.Camera:
    if lens.radial is not None:
        return lens.colmap(camera_id)
    camera = model.cameras[place]
    radial = camera.distortion[0] if camera.distortion else 0.0
    return replace(lens, focal=float(camera.K[0, 0]), radial=float(radial)).colmap(camera_id)
