"""Scenes: reconstructions of the project's frames, numbered, and which of them is used.

A scene's files lie in its folder (rewis3d/scene.py); its row tells how it was asked for, how far
its run is and, once it is done, what came out. The newest scene that has geometry is used, until
somebody activates another one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from annotations import store
from app import events, runs
from app.errors import StudioError
from app.runs import Claim, Run
from app.schema import ENDED, RunKind, RunState, project, scenes
from app.workspace import Workspace
from rewis3d.scene import SceneFolder

_UNDER_WAY: Final = set(RunState) - ENDED | {RunState.INTERRUPTED}


@dataclass(frozen=True, slots=True)
class SceneRow:
    """A scene and how far its run is; times are seconds since the epoch."""

    number: int
    config: dict[str, Any]
    """The fields of rewis3d.reconstruct.config.ReconstructConfig."""
    folder: str
    """Relative to the project folder."""
    report: dict[str, Any] | None
    """The fields of rewis3d.reconstruct.report.SceneReport; None until the scene is done."""
    created_at: float
    run: Run

    @property
    def seconds(self) -> float | None:
        """From the request to the end, waiting and interruptions included; None before the end."""
        finished = self.run.finished_at
        return None if finished is None else finished - self.created_at


def create(conn: Connection, *, config: dict[str, Any], given: str | None = None) -> SceneRow:
    """Queue a reconstruction of all frames and return its row.

    `given` is the absolute path that cameras are read from. StudioError where there is nothing to
    reconstruct, or where another scene is still to be made.
    """
    if not store.list_frames(conn):
        raise StudioError("the project has no frames yet; import a clip first")
    other = under_way(conn)
    if other:
        state = other.run.state
        way = "go on with it" if state is RunState.INTERRUPTED else "wait for it"
        raise StudioError(f"scene {other.number} is {state}: {way}, or cancel it first")
    number = (conn.execute(select(func.max(scenes.c.number))).scalar() or 0) + 1
    request = {"scene": number, "given": given}
    row = {
        "number": number,
        "run_id": runs.create(conn, RunKind.RECONSTRUCT, request=request),
        "config": config,
        "folder": f"scenes/{number:04d}",
        "created_at": time.time(),
    }
    conn.execute(insert(scenes).values(row))
    return get_scene(conn, number)


def get_scene(conn: Connection, number: int) -> SceneRow:
    """Return a scene; StudioError where there is none of this number."""
    row = conn.execute(select(scenes).where(scenes.c.number == number)).one_or_none()
    if row is None:
        raise StudioError(f"there is no scene {number}")
    return _from_row(conn, row)


def list_scenes(conn: Connection) -> list[SceneRow]:
    """Return all scenes, newest first."""
    rows = conn.execute(select(scenes).order_by(scenes.c.number.desc())).all()
    return [_from_row(conn, row) for row in rows]


def under_way(conn: Connection) -> SceneRow | None:
    """Return the scene that is still to be made; there is one at most."""
    return next((row for row in list_scenes(conn) if row.run.state in _UNDER_WAY), None)


def active_scene(conn: Connection) -> SceneRow | None:
    """Return the scene that is used; None before the first one is done."""
    number = conn.execute(select(project.c.active_scene)).scalar_one()
    return None if number is None else get_scene(conn, number)


def activate(conn: Connection, number: int) -> None:
    """Use this scene from now on; StudioError unless it is done."""
    state = get_scene(conn, number).run.state
    if state is not RunState.DONE:
        raise StudioError(f"scene {number} can't be activated: it is {state}")
    _use(conn, number)


def finish(conn: Connection, claim: Claim, report: dict[str, Any]) -> None:
    """Keep the report of the claim's scene, whose files lie complete in its folder, and use it.

    A scene in which no frame is registered takes the place of none that is used. The caller ends
    the run in the same transaction. RunLostError where the claim no longer holds.
    """
    runs.check(conn, claim)
    mine = scenes.c.run_id == claim.run_id
    conn.execute(update(scenes).where(mine).values(report=report))
    number = conn.execute(select(scenes.c.number).where(mine)).scalar_one()
    if report["frames"]["registered"] or active_scene(conn) is None:
        _use(conn, number)


def _use(conn: Connection, number: int) -> None:
    conn.execute(update(project).values(active_scene=number))
    events.append(conn, "scene", scene=number)


def folder(workspace: Workspace, row: SceneRow) -> SceneFolder:
    """Return the folder that a scene's cameras and depths lie in."""
    return SceneFolder(workspace.path(row.folder))


def _from_row(conn: Connection, row: Row[Any]) -> SceneRow:
    fields = row._asdict()
    return SceneRow(run=runs.get(conn, fields.pop("run_id")), **fields)
