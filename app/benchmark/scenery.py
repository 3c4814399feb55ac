"""The scenes that a table's rows train with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app import scenes
from app.benchmark.rows import Geometry, Row
from app.errors import StudioError
from app.scenes import SceneRow

_MONOCULAR = "depth"
_GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Scenery:
    """A scene for each kind of geometry that the rows ask for, and the one in use."""

    by_geometry: Mapping[Geometry, SceneRow]
    active: SceneRow | None

    @property
    def identity(self) -> str | None:
        """What names the scene in use, in whatever copy of the project."""
        return None if self.active is None else self.active.run.run_id

    def of(self, row: Row) -> SceneRow | None:
        """Return the scene that a row trains with; None for a row in 2D."""
        return self.by_geometry.get(row.geometry)

    def lines(self, rows: Sequence[Row]) -> Iterator[str]:
        """Yield for people which scene the rows in 3D train with, and what made its depth."""
        for row in rows:
            scene = self.of(row)
            if scene is not None and scene.report is not None:
                yield f"{row.name} on scene {scene.number} ({scene.report['backend']})"


def find_scenery(conn: Connection, rows: Sequence[Row], *, real: int | None) -> Scenery:
    """Return the scenes of the rows; `real` is the number of the one with given depth.

    StudioError names a row whose scene is missing, and how to get it.
    """
    active = scenes.active_scene(conn)
    found: dict[Geometry, SceneRow] = {}
    for row in rows:
        if row.geometry == "none" or row.geometry in found:
            continue
        if row.geometry == "real":
            found["real"] = _real(conn, row, real)
            continue
        scene = _monocular(conn) if row.geometry == "single" else None
        scene = scene or active
        if scene is None or not _registered(scene):
            raise StudioError(
                f"row {row.name!r} needs a scene with depth: make one with `rewis3d reconstruct`"
            )
        found[row.geometry] = scene
    return Scenery(found, active)


def _real(conn: Connection, row: Row, number: int | None) -> SceneRow:
    how = "make one with `rewis3d reconstruct --backend given`"
    if number is None:
        raise StudioError(f"row {row.name!r} needs --real-scene, a scene of given depth: {how}")
    scene = scenes.get_scene(conn, number)
    if not _registered(scene):
        raise StudioError(f"scene {number} has no depth (it is {scene.run.state}): {how}")
    if scene.report is None or not _depth_is_given(scene.report):
        raise StudioError(f"scene {number} has depth that was estimated: {how}, with depth images")
    return scene


def _monocular(conn: Connection) -> SceneRow | None:
    """Return the newest scene whose depth comes from single images."""
    found = [row for row in scenes.list_scenes(conn) if row.config.get("backend") == _MONOCULAR]
    return next((row for row in found if _registered(row)), None)


def _registered(scene: SceneRow) -> int:
    return scene.report["frames"]["registered"] if scene.report else 0


def _depth_is_given(report: Mapping[str, object]) -> bool:
    """Say whether every depth was given with the cameras: such a depth alone is wholly trusted."""
    histogram = report.get("confidence_histogram")
    return report.get("backend") == _GIVEN and isinstance(histogram, list) and histogram[-1] == 1
