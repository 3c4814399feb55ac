"""What one tab sees: a viser server with points, ink and cameras, and the clicks that come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import viser
from jaxtyping import Bool, Float32, UInt8

from app.viewer import cameras
from app.viewer.gate import PrivateServer
from app.viewer.picking import Ray
from rewis3d.scene import Scene

_FAR: Final = 1e7
"""Where points go that are not shown: behind what the camera draws."""
_PICTURE: Final = 112
"""Pixels of a camera's picture along its longer side."""
_CAMERA: Final = (128, 133, 146)
_OPEN: Final = (255, 122, 26)
"""Of the camera whose frame is open."""
OPEN_SIZE: Final = 1.5
"""Times the others' size."""
_INK_SIZE: Final = 2.2
_SAME_CLICK: Final = 1e-3
"""Shares of the screen: a camera's click comes as a click into the scene as well."""


@dataclass(frozen=True, slots=True)
class FrustumHit:
    """A click on a camera."""

    frame_id: int


Hit = FrustumHit | Ray
OnHit = Callable[[Hit], None]


class Stage:
    """A scene for one tab. Not thread-safe: one thread changes it; hits come on another one."""

    def __init__(self, on_hit: OnHit) -> None:
        self._on_hit = on_hit
        self._server = PrivateServer()
        self._cloud: viser.PointCloudHandle | None = None
        self._ink: viser.PointCloudHandle | None = None
        self._cameras: dict[int, viser.CameraFrustumHandle] = {}
        self._group: viser.FrameHandle | None = None
        self._scene: Scene | None = None
        self._centre = np.zeros(3)
        self._size = 1.0
        self._pictures: Mapping[int, Path] = {}
        self._open: int | None = None
        self._last_hit = (-1.0, -1.0)
        self._shown: Bool[np.ndarray, "n"] | None = None
        # viser takes coroutines as well, and runs them in the order of the clicks
        self._server.scene.on_click()(self._on_click)  # pyright: ignore[reportArgumentType]

    @property
    def port(self) -> int:
        """The port of this machine that the scene is served on."""
        return self._server.get_port()

    def close(self) -> None:
        """End the server and all its connections."""
        self._server.stop()

    def dress(self, *, dark: bool) -> None:
        """Take the page's theme; viser's own panel stays out of sight."""
        self._server.gui.configure_theme(dark_mode=dark, show_logo=False, show_share_button=False)

    def clear(self) -> None:
        """Show nothing."""
        self._server.scene.reset()
        self._cloud = self._ink = self._group = self._scene = self._open = self._shown = None
        self._cameras = {}

    def build(
        self,
        scene: Scene,
        xyz: Float32[np.ndarray, "n 3"],
        *,
        centre: np.ndarray,
        depth: float,
        pictures: Mapping[int, Path],
    ) -> None:
        """Show another scene: grey points at `xyz`, which are relative to `centre`, and cameras."""
        self.clear()
        self._scene, self._centre, self._pictures = scene, centre, pictures
        self._size = cameras.size(scene, depth)
        with self._server.atomic():
            self._look_from(scene, depth)
            self._cloud = self._server.scene.add_point_cloud(
                "/cloud",
                xyz,
                np.full(xyz.shape, 128, np.uint8),
                precision="float32",
                point_shape="circle",
                point_shading="flat",
            )
            self._group = self._server.scene.add_frame("/cameras", show_axes=False)
            for index in cameras.shown(len(scene.views)):
                self._add_camera(scene.views[index].frame_id)
        self._shown = np.ones(len(xyz), np.bool_)

    def _look_from(self, scene: Scene, depth: float) -> None:
        at = cameras.standpoint(scene.views, scene.up, self._centre, depth)
        self._server.scene.set_up_direction(at.up)
        camera = self._server.initial_camera
        camera.position, camera.look_at = at.position, at.look_at
        camera.near, camera.far = depth / 500, depth * 200

    def colour(self, colours: UInt8[np.ndarray, "n 3"], *, point_size: float) -> None:
        """Give the points their colours; only what differs is sent."""
        if self._cloud is not None:
            self._cloud.colors = colours
            self._cloud.point_size = point_size

    def show_points(self, xyz: Float32[np.ndarray, "n 3"], shown: Bool[np.ndarray, "n"]) -> None:
        """Leave points out, or show them again."""
        if self._cloud is None or (self._shown is not None and np.array_equal(shown, self._shown)):
            return
        self._shown = shown
        self._cloud.points = np.where(shown[:, None], xyz, np.float32(_FAR))

    def show_ink(
        self,
        xyz: Float32[np.ndarray, "n 3"],
        colours: UInt8[np.ndarray, "n 3"],
        *,
        point_size: float,
    ) -> None:
        """Draw the points under strokes, larger than the others; none where there are none."""
        if self._ink is not None:
            if len(self._ink.points) == len(xyz) and np.array_equal(self._ink.points, xyz):
                self._ink.colors = colours
                self._ink.point_size = _INK_SIZE * point_size
                return
            self._ink.remove()
            self._ink = None
        if len(xyz):
            self._ink = self._server.scene.add_point_cloud(
                "/ink",
                xyz,
                colours,
                point_size=_INK_SIZE * point_size,
                precision="float32",
                point_shape="circle",
                point_shading="flat",
            )

    def show_cameras(self, visible: bool) -> None:
        """Show the cameras, or leave them out."""
        if self._group is not None:
            self._group.visible = visible

    def open_frame(self, frame_id: int | None) -> bool:
        """Highlight the camera of the frame that the tab shows; say whether it has one here."""
        view = None if self._scene is None or frame_id is None else self._scene.view(frame_id)
        new = None if view is None else view.frame_id
        if new != self._open:
            with self._server.atomic():
                self._lower(self._open)
                self._open = new
                self._lift(new)
        return view is not None

    def flush(self) -> None:
        """Send now what has changed."""
        self._server.flush()

    def _lower(self, frame_id: int | None) -> None:
        handle = None if frame_id is None else self._cameras.get(frame_id)
        if handle is None or self._scene is None or frame_id is None:
            return
        places = [self._scene.views[index].frame_id for index in self._drawn()]
        if frame_id not in places:
            self._cameras.pop(frame_id).remove()
            return
        handle.color, handle.scale, handle.thickness = _CAMERA, self._size, self._thickness

    def _lift(self, frame_id: int | None) -> None:
        if frame_id is None:
            return
        handle = self._cameras.get(frame_id) or self._add_camera(frame_id)
        if handle is not None:
            handle.color, handle.scale = _OPEN, OPEN_SIZE * self._size
            handle.thickness = 3 * self._thickness

    def _drawn(self) -> list[int]:
        return [] if self._scene is None else cameras.shown(len(self._scene.views))

    @property
    def _thickness(self) -> float:
        return 0.03 * self._size

    def _add_camera(self, frame_id: int) -> viser.CameraFrustumHandle | None:
        view = None if self._scene is None else self._scene.view(frame_id)
        if view is None:
            return None
        camera, T_world_camera = view.geometry.camera, view.geometry.T_world_camera
        handle = self._server.scene.add_camera_frustum(
            f"/cameras/{frame_id}",
            fov=cameras.field_of_view(camera),
            aspect=camera.width / camera.height,
            scale=self._size,
            thickness=self._thickness,
            color=_CAMERA,
            image=_picture(self._pictures.get(frame_id)),
            format="jpeg",
            wxyz=cameras.quaternion(T_world_camera[:3, :3]),
            position=T_world_camera[:3, 3] - self._centre,
            cast_shadow=False,
            receive_shadow=False,
        )

        async def clicked(event: Any) -> None:
            self._last_hit = event.screen_pos
            self._on_hit(FrustumHit(frame_id))

        handle.on_click(clicked)
        self._cameras[frame_id] = handle
        return handle

    async def _on_click(self, event: viser.SceneClickEvent) -> None:
        """Take a click into the scene; a coroutine, so that clicks stay in their order."""
        before, self._last_hit = self._last_hit, (-1.0, -1.0)
        if np.allclose(before, event.screen_pos, atol=_SAME_CLICK):
            return
        camera = event.client.camera
        pixel = 2 * np.tan(camera.fov / 2) / max(1, camera.image_height)
        origin, direction = np.array(event.ray_origin), np.array(event.ray_direction)
        self._on_hit(Ray(origin, direction, float(pixel)))


def _picture(path: Path | None) -> UInt8[np.ndarray, "h w 3"] | None:
    image = None if path is None else cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        return None
    shrink = min(1.0, _PICTURE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[..., ::-1])
