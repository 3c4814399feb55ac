"""The op log of strokes, and undo and redo over it.

An op adds, removes or restores one stroke; a stroke is there when its last op is not a removal.
Ops of one gesture share a revision and lie side by side in the log. To undo a gesture, the log
gets a new revision with the gesture's name and the opposite of what it changed; to redo, the
opposite of that. So the log alone says, per author, which gestures are in force:

- what can be undone next is the author's latest gesture whose last intent is not "undo";
- what can be redone next is the latest undo after the author's last new gesture, unless redone.

Where somebody else has changed a stroke since (removed what this author drew), the step leaves it
as it is: its op is logged all the same, as a repetition of what is, and is in nobody's way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Row, ScalarSelect, Select, insert, select

from annotations.revisions import next_revision
from annotations.schema import stroke_ops, strokes

_BATCH: Final = 500
"""Values in one IN list: databases limit them."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one stroke: "add", "remove" or "restore"."""

    uuid: str
    kind: str


@dataclass(frozen=True, slots=True)
class Step:
    """One undo or redo, and what it changed."""

    revision: int
    frame_ids: tuple[int, ...]
    """Frames that look different now, in order of their ids."""
    added: tuple[str, ...]
    """Strokes that are back."""
    removed: tuple[str, ...]
    """Strokes that are gone."""


def record(
    conn: Connection,
    changes: Sequence[Change],
    *,
    revision: int,
    gesture: str,
    author: str,
    client: str,
    intent: str = "do",
    step: str | None = None,
) -> None:
    """Append one gesture's ops to the log."""
    now = time.time()
    rows = [
        {
            "revision": revision,
            "kind": change.kind,
            "stroke_uuid": change.uuid,
            "gesture": gesture,
            "intent": intent,
            "author": author,
            "client": client,
            "created_at": now,
            "step": step,
        }
        for change in changes
    ]
    conn.execute(insert(stroke_ops), rows)


def living(conn: Connection, uuids: Sequence[str]) -> set[str]:
    """Return those of the strokes that are there now."""
    return {
        uuid
        for chunk in batches(uuids)
        for uuid in conn.execute(
            select(strokes.c.uuid).where(strokes.c.uuid.in_(chunk), last_kind() != "remove")
        ).scalars()
    }


def last_kind(revision: int | None = None) -> ScalarSelect[str]:
    """Return the kind of a stroke's last op, now or at a revision, for a query over `strokes`."""
    query = select(stroke_ops.c.kind).where(stroke_ops.c.stroke_uuid == strokes.c.uuid)
    if revision is not None:
        query = query.where(stroke_ops.c.revision <= revision)
    last = query.order_by(stroke_ops.c.revision.desc()).limit(1)
    return last.correlate(strokes).scalar_subquery()


def frames_of(conn: Connection, uuids: Sequence[str]) -> tuple[int, ...]:
    """Return the ids of the frames that strokes lie on, in order."""
    found = {
        frame_id
        for chunk in batches(uuids)
        for frame_id in conn.execute(
            select(strokes.c.frame_id).where(strokes.c.uuid.in_(chunk)).distinct()
        ).scalars()
    }
    return tuple(sorted(found))


def batches(uuids: Sequence[str]) -> Iterable[Sequence[str]]:
    """Return the uuids in pieces that an IN list takes."""
    return (uuids[start : start + _BATCH] for start in range(0, len(uuids), _BATCH))


def undo(conn: Connection, *, author: str, client: str, step: str | None = None) -> Step | None:
    """Take the author's last gesture back, on whichever frames; None where there is none.

    `step` is the step's own name in the log: `step_done` finds it.
    """
    return _step(conn, _to_undo(author), intent="undo", author=author, client=client, name=step)


def redo(conn: Connection, *, author: str, client: str, step: str | None = None) -> Step | None:
    """Do again what the author took back last; None after a new gesture, or with nothing left."""
    return _step(conn, _to_redo(author), intent="redo", author=author, client=client, name=step)


def step_done(conn: Connection, step: str) -> tuple[int, tuple[int, ...]] | None:
    """Return the revision of the undo or redo of this name and the frames of its strokes.

    None where it has not been done.
    """
    mine = stroke_ops.c.step == step
    revision = conn.scalar(select(stroke_ops.c.revision).where(mine).limit(1))
    if revision is None:
        return None
    return revision, frames_of(
        conn, list(conn.scalars(select(stroke_ops.c.stroke_uuid).where(mine)))
    )


def can_undo(conn: Connection, author: str) -> bool:
    """Say whether the author has a gesture to take back."""
    return conn.execute(_to_undo(author)).first() is not None


def can_redo(conn: Connection, author: str) -> bool:
    """Say whether the author has a gesture to do again."""
    return conn.execute(_to_redo(author)).first() is not None


def _to_undo(author: str) -> Select:
    """Query an op of the latest gesture in force, looking back from the log's end.

    The index of (author, id) leads; what is skipped are gestures already undone.
    """
    latest = _latest_of_gesture("intent")
    return (
        select(stroke_ops)
        .where(stroke_ops.c.author == author, stroke_ops.c.intent == "do", latest != "undo")
        .order_by(stroke_ops.c.id.desc())
        .limit(1)
    )


def _to_redo(author: str) -> Select:
    """Query an op of the latest undo in force that no new gesture has followed."""
    other = stroke_ops.alias()
    last_new = (
        select(other.c.id)
        .where(other.c.author == author, other.c.intent == "do")
        .order_by(other.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(stroke_ops)
        .where(
            stroke_ops.c.author == author,
            stroke_ops.c.id > last_new,
            stroke_ops.c.intent == "undo",
            _latest_of_gesture("revision") == stroke_ops.c.revision,
        )
        .order_by(stroke_ops.c.id.desc())
        .limit(1)
    )


def _latest_of_gesture(column: str) -> ScalarSelect:
    """Return a column of the latest op of the same gesture on the same stroke.

    Ordered by revision, not id, so that SQLite takes the index of (stroke_uuid, revision).
    """
    other = stroke_ops.alias()
    return (
        select(other.c[column])
        .where(
            other.c.stroke_uuid == stroke_ops.c.stroke_uuid,
            other.c.gesture == stroke_ops.c.gesture,
        )
        .order_by(other.c.revision.desc())
        .limit(1)
        .correlate(stroke_ops)
        .scalar_subquery()
    )


def _step(
    conn: Connection, query: Select, *, intent: str, author: str, client: str, name: str | None
) -> Step | None:
    found = conn.execute(query).first()
    if found is None:
        return None
    ops = _last_ops(conn, found)
    uuids = [op.stroke_uuid for op in ops]
    present = living(conn, uuids)
    changes = [
        _opposite(op, here=op.stroke_uuid in present, was_here=bool(op.was_here)) for op in ops
    ]
    revision = next_revision(conn)
    record(
        conn,
        changes,
        revision=revision,
        gesture=found.gesture,
        author=author,
        client=client,
        intent=intent,
        step=name,
    )
    added = [c.uuid for c in changes if c.kind == "restore" and c.uuid not in present]
    removed = [c.uuid for c in changes if c.kind == "remove" and c.uuid in present]
    return Step(revision, frames_of(conn, [*added, *removed]), tuple(added), tuple(removed))


def _opposite(op: Row, *, here: bool, was_here: bool) -> Change:
    """Return what takes an op back: nothing new where it changed nothing or others have since."""
    made_here = op.kind != "remove"
    unchanged_since = here == made_here
    changed_then = was_here != made_here
    after = was_here if unchanged_since and changed_then else here
    return Change(op.stroke_uuid, "restore" if after else "remove")


def _last_ops(conn: Connection, op: Row) -> Sequence[Row]:
    """Return the last ops of an op's gesture, in order, with whether the stroke was there before.

    They are the ops of one revision, side by side in the log. `op` is on the gesture's last stroke,
    as every step keeps the order of the strokes.
    """
    last = conn.execute(
        select(stroke_ops.c.revision, stroke_ops.c.id)
        .where(
            stroke_ops.c.stroke_uuid == op.stroke_uuid,
            stroke_ops.c.gesture == op.gesture,
        )
        .order_by(stroke_ops.c.revision.desc())
        .limit(1)
    ).one()
    by_author = select(stroke_ops.c.id).where(stroke_ops.c.author == op.author)
    before = (
        by_author.where(stroke_ops.c.id < last.id, stroke_ops.c.revision < last.revision)
        .order_by(stroke_ops.c.id.desc())
        .limit(1)
    )
    query = (
        select(stroke_ops, _was_here().label("was_here"))
        .where(
            stroke_ops.c.author == op.author,
            stroke_ops.c.id > (conn.execute(before).scalar() or 0),
            stroke_ops.c.id <= last.id,
        )
        .order_by(stroke_ops.c.id)
    )
    return conn.execute(query).all()


def _was_here() -> ScalarSelect:
    """Return whether an op's stroke was there just before the op; null for its first op."""
    other = stroke_ops.alias()
    return (
        select(other.c.kind != "remove")
        .where(
            other.c.stroke_uuid == stroke_ops.c.stroke_uuid,
            other.c.revision < stroke_ops.c.revision,
        )
        .order_by(other.c.revision.desc())
        .limit(1)
        .correlate(stroke_ops)
        .scalar_subquery()
    )
