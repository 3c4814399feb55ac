"""Tables of what people drew.

`metadata` is the project's only MetaData: app/schema.py adds to it.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

clips = Table(
    "clips",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),  # "images" or "video"
    Column("created_at", Float, nullable=False),  # seconds since the epoch, as everywhere
)

frames = Table(
    "frames",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("clip_id", ForeignKey("clips.id"), nullable=False),
    Column("index", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("file", String, nullable=False, unique=True),
    Column("thumbnail", String, nullable=False),
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("timestamp", Float),
    Column("reserved", Boolean, nullable=False, default=False),
    Column("sha256", String(64), nullable=False),
    Column("focal", Float),  # in pixels of the stored image, where its file says so
    UniqueConstraint("clip_id", "index"),
    CheckConstraint("height > 0 AND width > 0", name="size"),
)

label_state = Table(
    "label_state",
    metadata,
    Column("id", Integer, primary_key=True),  # one row, id 1
    Column("revision", Integer, nullable=False),
)
"""The counter that numbers every change of strokes or classes."""

strokes = Table(
    "strokes",
    metadata,
    Column("uuid", String(64), primary_key=True),
    Column("frame_id", ForeignKey("frames.id"), nullable=False, index=True),
    Column("class_id", Integer, nullable=False),  # as drawn: merges are applied on read
    Column("width", Float, nullable=False),
    Column("xy", LargeBinary, nullable=False),  # float32, little endian, x0 y0 x1 y1 ...
    Column("author", String, nullable=False),
    Column("created_revision", Integer, nullable=False),  # painting order
)

stroke_ops = Table(
    "stroke_ops",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),  # ops of one gesture share a revision
    Column("kind", String, nullable=False),  # add, remove, restore
    Column("stroke_uuid", ForeignKey("strokes.uuid"), nullable=False),
    Column("gesture", String, nullable=False),  # one gesture is one undo step
    Column("intent", String, nullable=False),  # do, undo, redo
    Column("author", String, nullable=False),
    Column("client", String, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("step", String(64)),  # an undo's or redo's own name: sent again, it is known by it
    CheckConstraint("kind IN ('add', 'remove', 'restore')", name="kind"),
    CheckConstraint("intent IN ('do', 'undo', 'redo')", name="intent"),
    Index(None, "author", "id"),
    Index(None, "stroke_uuid", "revision"),
    Index(None, "step"),
)

class_ops = Table(
    "class_ops",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
    # add, rename, recolour, geometry, merge, delete, restore
    Column("kind", String, nullable=False),
    Column("class_id", Integer, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("author", String, nullable=False),
    Column("created_at", Float, nullable=False),
)
