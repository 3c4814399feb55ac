"""The used scene and what is drawn on its frames now, lifted: renewed frame by frame.

A stroke lifts its own frame anew and no other; a class that is merged, deleted or loses its surface
may change every frame. Everything here is of class ids, not of train ids.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8
from sqlalchemy import Connection, select

from annotations import store
from annotations.classes import class_targets, classes_at
from annotations.rasterise import rasterise
from annotations.schema import frames, stroke_ops, strokes
from annotations.types import ClassMap, Stroke
from app import scenes
from app.errors import StudioError
from app.workspace import Workspace
from rewis3d.lifting import lift
from rewis3d.propagate import LiftedFrame, lift_grid
from rewis3d.scene import SceneFolder, SceneView, ViewGeometry
from rewis3d.types import UNLABELLED, Rewis3dError


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What is drawn on one frame of the scene."""

    version: int
    """No two have the same one."""
    own: UInt8[np.ndarray, "r c"]
    """Class ids, IGNORED or UNLABELLED on the grid; where there is no depth too."""
    lifted: LiftedFrame

    def equals(self, other: Drawn) -> bool:
        """Say whether the labels are the same: nothing that hangs on them changes then."""
        same = np.array_equal(self.own, other.own)
        return same and np.array_equal(self.lifted.cells, other.lifted.cells)


@dataclass(frozen=True, slots=True, eq=False)
class UsedScene:
    """A scene with its cameras; depths are mapped when they are asked for."""

    number: int
    folder: SceneFolder
    geometries: Mapping[int, tuple[int, ViewGeometry]]
    """By frame id: the index of the scene that the frame is a view of, and its camera."""

    def view(self, frame_id: int) -> SceneView | None:
        """Map a frame's view; None where it has none. StudioError where its files are gone."""
        if frame_id not in self.geometries:
            return None
        with _readable(self.number):
            return self.folder.read_view(self.geometries[frame_id][1])


@dataclass(frozen=True, slots=True, eq=False)
class Now:
    """The state at one moment."""

    scene: UsedScene
    drawn: Mapping[int, Drawn]
    """By frame id, in their order: frames of the scene that have strokes."""
    reserved: frozenset[int]
    """Frames that are kept for evaluation: what is drawn on them is carried nowhere."""

    def own(self, frame_id: int) -> UInt8[np.ndarray, "r c"]:
        """Return what is drawn on a frame of the scene."""
        if frame_id in self.drawn:
            return self.drawn[frame_id].own
        camera = self.scene.geometries[frame_id][1].camera
        return np.full((camera.height, camera.width), UNLABELLED, np.uint8)

    def sources(self, frame_id: int) -> list[Drawn]:
        """Return what is drawn on other frames and may be carried to this one."""
        scene = self.scene.geometries[frame_id][0]
        return [
            drawn
            for other, drawn in self.drawn.items()
            if other != frame_id and other not in self.reserved and drawn.lifted.scene == scene
        ]

    @property
    def key(self) -> tuple[object, ...]:
        """What is equal as long as nothing has changed."""
        versions = tuple(drawn.version for drawn in self.drawn.values())
        return (self.scene.number, versions, self.reserved & self.drawn.keys())


@dataclass(frozen=True, slots=True)
class _Classes:
    """What a mask's values mean, as far as lifting has to know."""

    living: ClassMap
    moved: tuple[tuple[int, int | None], ...]
    """Classes that are drawn as another one, or as none."""
    flat: tuple[int, ...]
    """Ids of the living classes without geometry: they carry nothing."""

    def same_paint(self, other: _Classes) -> bool:
        """Say whether strokes look the same with these classes as with others."""
        return (self.moved, self.flat) == (other.moved, other.flat)

    def paint(self, drawn: list[Stroke], view: ViewGeometry) -> UInt8[np.ndarray, "h w"]:
        """Return class ids of a view's image."""
        ids = np.arange(256, dtype=np.uint8)
        ids[: len(self.living)] = self.living.class_ids
        return ids[rasterise(drawn, self.living, view.image_height, view.image_width)]


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What was found last."""

    scene: UsedScene
    classes: _Classes
    revision: int
    drawn: Mapping[int, Drawn]


class Lifted:
    """The used scene's labelled frames. Safe to use from any thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._state: _State | None = None
        self._versions = 0

    def now(self) -> Now | None:
        """Return the state of now; None without a scene. StudioError where it can't be read."""
        with self._lock, self._workspace.read() as conn:
            row = scenes.active_scene(conn)
            if row is None:
                self._state = None
                return None
            if self._state is None or self._state.scene.number != row.number:
                self._state = self._begin(conn, row)
            else:
                self._state = self._follow(conn, self._state)
            reserved = frozenset(conn.scalars(select(frames.c.id).where(frames.c.reserved)))
            return Now(self._state.scene, self._state.drawn, reserved)

    def _begin(self, conn: Connection, row: scenes.SceneRow) -> _State:
        folder = scenes.folder(self._workspace, row)
        with _readable(row.number):
            geometries = {
                view.frame_id: (index, view)
                for index, scene in enumerate(folder.cameras())
                for view in scene.views
            }
        scene = UsedScene(row.number, folder, geometries)
        empty = _State(scene, _classes(conn), store.current_revision(conn), {})
        return self._renewed(conn, empty, conn.scalars(select(strokes.c.frame_id).distinct()))

    def _follow(self, conn: Connection, state: _State) -> _State:
        """Renew the frames that have changed since."""
        revision = store.current_revision(conn)
        if revision == state.revision:
            return state
        classes = _classes(conn)
        touched = select(strokes.c.frame_id).distinct()
        if revision > state.revision and classes.same_paint(state.classes):
            touched = touched.join(stroke_ops, stroke_ops.c.stroke_uuid == strokes.c.uuid)
            touched = touched.where(stroke_ops.c.revision > state.revision)
        state = replace(state, classes=classes, revision=revision)
        return self._renewed(conn, state, conn.scalars(touched))

    def _renewed(self, conn: Connection, state: _State, changed: Iterable[int]) -> _State:
        """Return the state with some frames lifted anew; where one can't be, nothing is kept."""
        drawn = dict(state.drawn)
        for frame_id in [frame for frame in changed if frame in state.scene.geometries]:
            found = self._lift(conn, state, frame_id)
            if found is None:
                drawn.pop(frame_id, None)
            elif frame_id not in drawn or not drawn[frame_id].equals(found):
                drawn[frame_id] = found
        return replace(state, drawn={frame: drawn[frame] for frame in sorted(drawn)})

    def _lift(self, conn: Connection, state: _State, frame_id: int) -> Drawn | None:
        index, geometry = state.scene.geometries[frame_id]
        painted = state.classes.paint(store.strokes_at(conn, frame_id), geometry)
        own = lift(painted, geometry)
        view = state.scene.view(frame_id)
        if view is None or (own == UNLABELLED).all():
            return None
        self._versions += 1
        # in memory: it is looked up for every other frame, and each map keeps a file open
        kept = replace(view, depth=np.array(view.depth), confidence=np.array(view.confidence))
        lifted = lift_grid(own, index, kept, without=state.classes.flat)
        return Drawn(self._versions, own, lifted)


def _classes(conn: Connection) -> _Classes:
    living = classes_at(conn)
    targets = class_targets(conn)
    return _Classes(
        living=living,
        moved=tuple((drawn, target) for drawn, target in targets.items() if drawn != target),
        flat=tuple(label.class_id for label in living.classes if not label.has_geometry),
    )


@contextmanager
def _readable(number: int) -> Iterator[None]:
    try:
        yield
    except Rewis3dError as error:
        raise StudioError(f"scene {number} can't be read: {error}") from error
