"""What people drew, kept for good: the door to strokes, their history, and frames.

All functions take a connection inside a transaction; what they write is kept when that commits.
Strokes are never changed or deleted: the op log says which of them are there at which revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import numpy as np
from jaxtyping import Float32
from sqlalchemy import Connection, Row, func, insert, select

from annotations.classes import check_drawable, class_targets
from annotations.frames import NewFrame as NewFrame
from annotations.frames import add_frames as add_frames
from annotations.frames import get_frame as get_frame
from annotations.frames import list_frames as list_frames
from annotations.frames import set_reserved as set_reserved
from annotations.history import Change, batches, last_kind, living, record
from annotations.history import Step as Step
from annotations.history import can_redo as can_redo
from annotations.history import can_undo as can_undo
from annotations.history import redo as redo
from annotations.history import step_done as step_done
from annotations.history import undo as undo
from annotations.revisions import current_revision as current_revision
from annotations.revisions import next_revision as next_revision
from annotations.schema import stroke_ops, strokes
from annotations.types import ERASER, IGNORE, AnnotationError, Frame, Stroke

MAX_VERTICES: Final = 20_000
WIDTHS: Final = (0.5, 512.0)
"""Pixels: the narrowest and the widest brush."""
MARGIN: Final = 8.0
"""How far off the image a vertex may lie, in image sizes: a hand may slip off a small view."""
_MAX_UUID: Final = 64
_INSERTED: Final = 1000
"""Strokes per INSERT."""


def append_stroke(
    conn: Connection, stroke: Stroke, *, client: str, gesture: str | None = None
) -> int:
    """Keep a stroke and return its revision; one that is kept already keeps its revision.

    AnnotationError names what is wrong: another stroke of this uuid, an unknown frame or class,
    coordinates, brush. `gesture` names the step in the log; each call is one undo step.
    """
    return append_strokes(conn, [stroke], client=client, gesture=gesture or stroke.uuid)


def append_strokes(conn: Connection, new: Sequence[Stroke], *, client: str, gesture: str) -> int:
    """Keep strokes of one author as one gesture, painted in their order; return their revision.

    Those that are kept already are left as they are. AnnotationError keeps none of them.
    """
    authors = sorted({stroke.author for stroke in new})
    if len(authors) != 1:
        raise AnnotationError(f"one gesture has one author; got {authors or 'no strokes'}")
    if len({stroke.uuid for stroke in new}) != len(new):
        raise AnnotationError("two strokes of one gesture have the same uuid")
    kept = _kept(conn, [stroke.uuid for stroke in new])
    for stroke in new:
        if stroke.uuid in kept:
            _refuse_other(stroke, kept[stroke.uuid])
    fresh = [stroke for stroke in new if stroke.uuid not in kept]
    if not fresh:
        return max(row.created_revision for row in kept.values())
    _check(conn, fresh)
    revision = next_revision(conn)
    for start in range(0, len(fresh), _INSERTED):
        chunk = fresh[start : start + _INSERTED]
        conn.execute(insert(strokes), [_row(stroke, revision) for stroke in chunk])
    changes = [Change(stroke.uuid, "add") for stroke in fresh]
    _record(conn, changes, revision=revision, gesture=gesture, author=authors[0], client=client)
    return revision


def _kept(conn: Connection, uuids: Sequence[str]) -> dict[str, Row]:
    """Return the rows of those of the strokes that have ever been drawn."""
    return {
        row.uuid: row
        for batch in batches(uuids)
        for row in conn.execute(select(strokes).where(strokes.c.uuid.in_(batch)))
    }


def _refuse_other(stroke: Stroke, row: Row) -> None:
    for field, value in _row(stroke, row.created_revision).items():
        if row._mapping[field] != value:
            raise AnnotationError(f"stroke {stroke.uuid} is kept already with another {field}")


def _row(stroke: Stroke, revision: int) -> dict[str, object]:
    return {
        "uuid": stroke.uuid,
        "frame_id": stroke.frame_id,
        "class_id": stroke.class_id,
        "width": float(stroke.width),
        "xy": stroke.xy.astype("<f4").tobytes(),
        "author": stroke.author,
        "created_revision": revision,
    }


def _check(conn: Connection, new: Sequence[Stroke]) -> None:
    for class_id in {stroke.class_id for stroke in new} - {ERASER, IGNORE}:
        check_drawable(conn, class_id)
    frames = {frame_id: get_frame(conn, frame_id) for frame_id in {s.frame_id for s in new}}
    for stroke in new:
        check_stroke(stroke, frames[stroke.frame_id])


def check_stroke(stroke: Stroke, frame: Frame) -> None:
    """Refuse a stroke whose path or brush makes no sense on its frame (AnnotationError)."""
    name = f"stroke {stroke.uuid} on frame {frame.name!r}"
    if not 0 < len(stroke.uuid) <= _MAX_UUID:
        raise AnnotationError(f"a stroke's uuid has 1 to {_MAX_UUID} characters, not {name}")
    if not 1 <= len(stroke.xy) <= MAX_VERTICES:
        raise AnnotationError(f"{name}: {len(stroke.xy)} vertices; 1 to {MAX_VERTICES} are allowed")
    if not WIDTHS[0] <= stroke.width <= WIDTHS[1]:  # refuses nan too
        raise AnnotationError(
            f"{name}: brush of {stroke.width} pixels; {WIDTHS[0]} to {WIDTHS[1]} are allowed"
        )
    if not np.isfinite(stroke.xy).all():
        raise AnnotationError(f"{name}: a coordinate is not a finite number")
    margin = MARGIN * max(frame.height, frame.width)
    size = np.array([frame.width, frame.height])
    outside = ((stroke.xy < -margin) | (stroke.xy > size + margin)).any(axis=1)
    if outside.any():
        x, y = stroke.xy[int(np.argmax(outside))].tolist()
        raise AnnotationError(
            f"{name}: vertex ({x:g}, {y:g}) is far off the image of {frame.width} x {frame.height}"
        )


def remove_strokes(
    conn: Connection,
    uuids: Sequence[str],
    *,
    author: str,
    client: str,
    gesture: str | None = None,
) -> int:
    """Take strokes away, whoever drew them, as one gesture; return the revision.

    Strokes that are gone already are passed over; where all are, the revision stays.
    AnnotationError for an unknown stroke takes none away.
    """
    wanted = list(dict.fromkeys(uuids))
    known = _kept(conn, wanted)
    for uuid in wanted:
        if uuid not in known:
            raise AnnotationError(f"there is no stroke {uuid}")
    here = living(conn, wanted)
    changes = [Change(uuid, "remove") for uuid in wanted if uuid in here]
    if not changes:
        return current_revision(conn)
    revision = next_revision(conn)
    name = gesture or f"remove-{uuid4()}"
    _record(conn, changes, revision=revision, gesture=name, author=author, client=client)
    return revision


def _record(
    conn: Connection,
    changes: Sequence[Change],
    *,
    revision: int,
    gesture: str,
    author: str,
    client: str,
) -> None:
    """Log a new gesture under a name that no other gesture has."""
    name = f"{revision}:{gesture}"
    record(conn, changes, revision=revision, gesture=name, author=author, client=client)


def strokes_at(conn: Connection, frame_id: int, revision: int | None = None) -> list[Stroke]:
    """Return a frame's strokes in painting order, now or at a revision.

    Their class is the living one that has them after merges; those of deleted classes are left
    out. A stroke that was away and came back is painted where it was.
    """
    added = stroke_ops.alias()
    query = (
        select(strokes)
        .join(added, (added.c.stroke_uuid == strokes.c.uuid) & (added.c.kind == "add"))
        .where(strokes.c.frame_id == frame_id, last_kind(revision) != "remove")
        .order_by(strokes.c.created_revision, added.c.id)
    )
    targets = {**class_targets(conn, revision), ERASER: ERASER, IGNORE: IGNORE}
    found = []
    for row in conn.execute(query):
        class_id = targets[row.class_id]
        if class_id is not None:
            found.append(_stroke(row, class_id))
    return found


def _stroke(row: Row, class_id: int) -> Stroke:
    return Stroke(
        uuid=row.uuid,
        frame_id=row.frame_id,
        class_id=class_id,
        xy=_path(row.xy),
        width=row.width,
        author=row.author,
    )


def _path(data: bytes) -> Float32[np.ndarray, "p 2"]:
    return np.frombuffer(data, "<f4").reshape(-1, 2).astype(np.float32)


def stroke_counts(conn: Connection) -> dict[int, int]:
    """Return how many strokes each frame shows; frames without any are left out."""
    targets = class_targets(conn)
    shown = [class_id for class_id, target in targets.items() if target is not None]
    query = (
        select(strokes.c.frame_id, func.count().label("shown"))
        .where(strokes.c.class_id.in_([ERASER, IGNORE, *shown]), last_kind() != "remove")
        .group_by(strokes.c.frame_id)
    )
    return {row.frame_id: row.shown for row in conn.execute(query)}
