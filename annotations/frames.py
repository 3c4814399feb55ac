"""Clips and their frames."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Row, insert, select, update

from annotations.schema import clips, frames
from annotations.types import AnnotationError, Frame, Stroke


@dataclass(frozen=True, slots=True)
class NewFrame:
    """A frame that is to be listed; its files are in place. Its clip gives it id and index."""

    name: str
    file: str
    """Relative to the project folder, as `thumbnail`."""
    thumbnail: str
    height: int
    width: int
    timestamp: float | None
    """Seconds from the clip's start; None where the source has no time."""
    sha256: str
    """Of the image file, in hexadecimal digits."""
    focal: float | None = None
    """Focal length in pixels of the image; None where its source does not say."""


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """A frame and its strokes in painting order."""

    frame: Frame
    strokes: Sequence[Stroke]


def add_frames(
    conn: Connection, clip_name: str, kind: str, new_frames: Sequence[NewFrame]
) -> list[int]:
    """List a new clip ("images" or "video") with its frames in order; return the frames' ids."""
    if not new_frames:
        raise AnnotationError(f"clip {clip_name!r} has no frames")
    clip = insert(clips).values(name=clip_name, kind=kind, created_at=time.time())
    clip_id = conn.execute(clip.returning(clips.c.id)).scalar_one()
    rows = [
        {**asdict(frame), "clip_id": clip_id, "index": index, "reserved": False}
        for index, frame in enumerate(new_frames)
    ]
    conn.execute(insert(frames), rows)
    of_clip = select(frames.c.id).where(frames.c.clip_id == clip_id).order_by(frames.c.index)
    return list(conn.execute(of_clip).scalars())


def list_frames(conn: Connection) -> list[Frame]:
    """Return all frames, clip by clip, in order."""
    query = select(frames).order_by(frames.c.clip_id, frames.c.index)
    return [_frame(row) for row in conn.execute(query)]


def get_frame(conn: Connection, frame_id: int) -> Frame:
    """Return a frame; AnnotationError where there is none of this id."""
    row = conn.execute(select(frames).where(frames.c.id == frame_id)).one_or_none()
    if row is None:
        raise AnnotationError(f"there is no frame {frame_id}")
    return _frame(row)


def set_reserved(conn: Connection, frame_ids: Collection[int], reserved: bool = True) -> None:
    """Keep frames for evaluation, or give them back; AnnotationError changes none of them."""
    for frame_id in frame_ids:
        get_frame(conn, frame_id)
    for frame_id in frame_ids:
        conn.execute(update(frames).where(frames.c.id == frame_id).values(reserved=reserved))


def _frame(row: Row) -> Frame:
    return Frame(
        frame_id=row.id,
        clip_id=row.clip_id,
        index=row._mapping["index"],  # a row has a method of this name
        name=row.name,
        file=row.file,
        height=row.height,
        width=row.width,
        timestamp=row.timestamp,
        reserved=row.reserved,
        focal=row.focal,
    )
