"""A street as a camera sees it, with everything that is true about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from app.street.camera import Camera
from app.street.drive import poses
from app.street.lens import photograph
from app.street.light import Shadow, radiance
from app.street.scene import assemble, joined
from app.street.shape import SKY
from app.street.surface import surface
from app.street.town import Town, town
from app.street.traffic import moved

SAMPLES: Final = 3
"""Rays a pixel in each direction; odd, so that one of them goes through its centre."""
FOCAL: Final = 400 / 480
"""Focal length as a share of the image's width."""


@dataclass(frozen=True, slots=True)
class RenderedView:
    """A frame and its truth. Everything but the image is exact at the pixels' centres."""

    image: UInt8[np.ndarray, "h w 3"]
    """RGB, with the blur, noise and exposure of the moment."""
    labels: UInt8[np.ndarray, "h w"]
    """Class ids of the preset camvid-11."""
    depth: Float32[np.ndarray, "h w"]
    """Metres along the camera's axis; 0 where there is nothing but sky."""
    moving: Bool[np.ndarray, "h w"]
    """Pixels of things that move in the world."""
    K: Float64[np.ndarray, "3 3"]
    T_world_camera: Float64[np.ndarray, "4 4"]
    """OpenCV axes (x right, y down, z forward), metres."""


@dataclass(frozen=True, slots=True)
class _Moment:
    index: int
    phase: float
    """Of the lens's slow changes, radians."""
    traffic: float
    """Frames of usual pace since the beginning."""
    noise: np.random.Generator


def render(
    seed: int,
    *,
    frames: int = 36,
    width: int = 480,
    height: int = 360,
    motion: str = "drive",
    pace: float = 1.0,
) -> Iterator[RenderedView]:
    """Yield the frames of a clip. A seed is a street, its traffic and its weather.

    `motion` is one of app.street.drive.MOTIONS, else ValueError. A frame is the same however many
    follow. A `pace` below 1 is a film with more frames a second: the street is 106 m long.
    """
    street = town(seed)
    route, weather = np.random.default_rng(seed).spawn(2)
    phase = float(weather.uniform(0, 2 * np.pi))
    focal = FOCAL * width
    K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    for index, pose in enumerate(islice(poses(motion, street.path, route, pace=pace), frames)):
        camera = Camera(K, pose, width, height)
        moment = _Moment(index, phase, index * pace, np.random.default_rng((seed, index)))
        yield _view(street, camera, moment)


def _view(street: Town, camera: Camera, moment: _Moment) -> RenderedView:
    movers = assemble(moved(street.movers, street.path, moment.traffic))
    scene = joined(street.standing, movers)
    fine = camera.finer(SAMPLES)
    seen = surface(scene, fine)
    shaded = np.maximum(street.sunlit, surface(movers, street.sun).nearness)
    shadow = Shadow(street.sun, shaded)
    light = radiance(scene, fine, seen, light=street.light, shadow=shadow)
    size = (camera.width, camera.height)
    light = np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA), np.float32)
    image = photograph(light, index=moment.index, phase=moment.phase, rng=moment.noise)
    centre = slice(SAMPLES // 2, None, SAMPLES)
    part, near = seen.part[centre, centre], seen.nearness[centre, centre]
    solid = part >= 0
    labels = np.where(solid, scene.class_id[part], SKY).astype(np.uint8)
    depth = np.where(solid, 1 / np.where(solid, near, 1), 0).astype(np.float32)
    moving = solid & scene.moving[part]
    return RenderedView(image, labels, depth, moving, camera.K, camera.T_world_camera)
