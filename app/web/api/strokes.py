"""Strokes: what a frame carries, what a hand adds or takes away, undo and redo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection, select
from starlette.responses import Response

from annotations import store
from annotations.schema import frames, strokes
from annotations.types import ERASER, IGNORE, Stroke
from app import events
from app.web.context import AUTHOR, Body, BodyNumber, InStudio, Number, Studio, refusal, reply

router = APIRouter(prefix="/api")
_BRUSHES: Final = {"eraser": ERASER, "ignore": IGNORE}
_BRUSH_NAMES: Final = {number: name for name, number in _BRUSHES.items()}
_NOTHING: Final = {"undo": "nothing to undo", "redo": "nothing to redo"}

Client = Annotated[str, Field(min_length=1, max_length=64)]
"""The tab that acts: it does not need to be told of what it did itself."""
Uuid = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Coordinate = Annotated[float, Field(ge=-1e6, le=1e6)]


class NewStroke(Body):
    """One gesture, as the canvas sends it."""

    uuid: Uuid
    frame: BodyNumber
    class_id: Annotated[BodyNumber | Literal["eraser", "ignore"], Field(alias="class")]
    width: Annotated[float, Field(gt=0, le=10_000)]
    xy: Annotated[
        list[tuple[Coordinate, Coordinate]], Field(min_length=1, max_length=store.MAX_VERTICES)
    ]
    client: Client


class Removal(Body):
    """Strokes to take away in one gesture."""

    uuids: Annotated[list[Uuid], Field(min_length=1, max_length=10_000)]
    client: Client


class Step(Body):
    """Who wants to go a step back or forth."""

    client: Client
    uuid: Uuid | None = None
    """The step's own name: sent again, it is not done again."""
    stroke: Uuid | None = None
    """A stroke that the step must change; where another gesture's turn has come it is refused."""


@router.get("/frames/{frame_id}/strokes")
def on_frame(frame_id: Number, studio: InStudio) -> Response:
    """List a frame's strokes in painting order."""
    with studio.workspace.read() as conn:
        _require_frame(conn, frame_id)
        revision = store.current_revision(conn)
        found = store.strokes_at(conn, frame_id)
    return reply({"revision": revision, "strokes": [_as_json(stroke) for stroke in found]})


@router.post("/strokes")
def add(new: NewStroke, studio: InStudio) -> Response:
    """Keep a stroke: it is on the disk when this answers. Sending it again changes nothing."""
    stroke = Stroke(
        uuid=new.uuid,
        frame_id=new.frame,
        class_id=_BRUSHES[new.class_id] if isinstance(new.class_id, str) else new.class_id,
        xy=np.array(new.xy, np.float32),
        width=new.width,
        author=AUTHOR,
    )
    with studio.write() as conn:
        _require_frame(conn, new.frame)
        before = store.current_revision(conn)
        revision = store.append_stroke(conn, stroke, client=new.client)
        if revision > before:
            _announce(conn, [new.frame], revision, new.client)
    return reply({"revision": revision})


@router.post("/strokes/remove")
def remove(removal: Removal, studio: InStudio) -> Response:
    """Take strokes away as one undo step."""
    with studio.write() as conn:
        before = store.current_revision(conn)
        revision = store.remove_strokes(conn, removal.uuids, author=AUTHOR, client=removal.client)
        if revision > before:
            _announce(conn, _frames_of(conn, removal.uuids), revision, removal.client)
    return reply({"revision": revision})


@router.post("/undo")
def undo(step: Step, studio: InStudio) -> Response:
    """Take the last gesture back, on whichever frame it was."""
    return _step(studio, step, "undo")


@router.post("/redo")
def redo(step: Step, studio: InStudio) -> Response:
    """Do again what was last taken back."""
    return _step(studio, step, "redo")


def _step(studio: Studio, step: Step, direction: Literal["undo", "redo"]) -> Response:
    with studio.write() as conn:
        revision, frame_ids = (step.uuid and store.step_done(conn, step.uuid)) or _do(
            conn, step, direction
        )
        answer = {
            "revision": revision,
            "frames": list(frame_ids),
            "can_undo": store.can_undo(conn, AUTHOR),
            "can_redo": store.can_redo(conn, AUTHOR),
        }
    return reply(answer)


def _do(
    conn: Connection, step: Step, direction: Literal["undo", "redo"]
) -> tuple[int, Sequence[int]]:
    """Go the step, under its own name in the log; return its revision and the frames it changed."""
    move = store.undo if direction == "undo" else store.redo
    done = move(conn, author=AUTHOR, client=step.client, step=step.uuid)
    if done is None:
        raise refusal(409, _NOTHING[direction])
    if step.stroke is not None and step.stroke not in (*done.added, *done.removed):
        raise refusal(409, f"the stroke to {direction} is not the last one any more")
    _announce(conn, done.frame_ids, done.revision, step.client)
    return done.revision, done.frame_ids


def _as_json(stroke: Stroke) -> dict[str, Any]:
    return {
        "uuid": stroke.uuid,
        "class": _BRUSH_NAMES.get(stroke.class_id, stroke.class_id),
        "width": stroke.width,
        "xy": np.ascontiguousarray(stroke.xy),
    }


def _require_frame(conn: Connection, frame_id: int) -> None:
    if conn.scalar(select(frames.c.id).where(frames.c.id == frame_id)) is None:
        raise refusal(404, f"there is no frame {frame_id}")


def _frames_of(conn: Connection, uuids: list[str]) -> list[int]:
    query = select(strokes.c.frame_id).where(strokes.c.uuid.in_(uuids)).distinct()
    return list(conn.scalars(query))


def _announce(conn: Connection, frame_ids: Any, revision: int, client: str) -> None:
    for frame_id in frame_ids:
        events.append(conn, "stroke", frame=frame_id, revision=revision, client=client)
