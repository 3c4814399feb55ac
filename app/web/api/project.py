"""The project as a page needs it on opening, in one answer."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, func, select
from starlette.responses import Response

from annotations import classes, store
from annotations.schema import clips
from app import events, jobs, rounds
from app.schema import predictions, project
from app.web.api.classes import as_json, deleted
from app.web.context import AUTHOR, InStudio, reply

router = APIRouter(prefix="/api")


@router.get("/project")
def overview(studio: InStudio) -> Response:
    """Give the project's name, classes, frames and state."""
    with studio.workspace.read() as conn:
        found = {
            "name": conn.execute(select(project.c.name)).scalar_one(),
            "version": studio.version,
            "revision": store.current_revision(conn),
            "classes": as_json(classes.classes_at(conn)),
            "deleted_classes": deleted(conn),
            "frames": _frames(conn),
            "active_round": rounds.active_round(conn),
            "can_undo": store.can_undo(conn, AUTHOR),
            "can_redo": store.can_redo(conn, AUTHOR),
            "seq": events.latest(conn),
        }
    return reply({**found, "worker": jobs.worker_alive(studio.workspace)})


def _frames(conn: Connection) -> list[dict[str, Any]]:
    counts = store.stroke_counts(conn)
    names = {row.id: row.name for row in conn.execute(select(clips.c.id, clips.c.name))}
    shown = _shown_rounds(conn)
    return [
        {
            "id": frame.frame_id,
            "clip": names[frame.clip_id],
            "index": frame.index,
            "name": frame.name,
            "width": frame.width,
            "height": frame.height,
            "timestamp": frame.timestamp,
            "strokes": counts.get(frame.frame_id, 0),
            "reserved": frame.reserved,
            "predicted": shown.get(frame.frame_id),
        }
        for frame in store.list_frames(conn)
    ]


def _shown_rounds(conn: Connection) -> dict[int, int]:
    """Return the round to show per frame: the active one, or the last before it that has one."""
    active = rounds.active_round(conn)
    if active is None:
        return {}
    newest = func.max(predictions.c.round).label("newest")
    query = (
        select(predictions.c.frame_id, newest)
        .where(predictions.c.round <= active)
        .group_by(predictions.c.frame_id)
    )
    return {row.frame_id: row.newest for row in conn.execute(query)}
