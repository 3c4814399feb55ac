"""Tables of the studio: project, rounds, scenes, runs, predictions and the event log."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from annotations.schema import metadata


class RunState(StrEnum):
    """The life of a run; the last four end it, and the last three can be resumed."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


RESUMABLE: Final = frozenset({RunState.CANCELLED, RunState.INTERRUPTED, RunState.FAILED})
"""States from which a run can be put back into the queue."""
ENDED: Final = RESUMABLE | {RunState.DONE}
"""States in which nothing works on a run."""


class RunKind(StrEnum):
    """What a run makes."""

    ROUND = "round"
    PREDICT = "predict"
    EXPORT = "export"
    RECONSTRUCT = "reconstruct"


project = Table(
    "project",
    metadata,
    Column("id", Integer, primary_key=True),  # one row, id 1
    Column("name", String, nullable=False),
    Column("created_at", Float, nullable=False),
    # the round whose predictions are shown; never set unasked but once
    Column("active_round", Integer),
    # the scene that is used: the newest that was made, until somebody chooses another
    Column("active_scene", Integer),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),  # also the job engine's workflow id
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("stage", String),  # what it is doing, for people
    Column("done", Integer),
    Column("total", Integer),
    Column("eta_seconds", Float),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("token", String(64)),  # who may write: set anew by each attempt
    Column("slot", String),
    Column("request", JSON, nullable=False),
    Column("result", JSON),
    Column("error", Text),  # one line for people
    Column("traceback", Text),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("heartbeat_at", Float),
    Column("finished_at", Float),
)

run_points = Table(
    "run_points",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("series", String, nullable=False),
    Column("step", Integer, nullable=False),
    Column("value", Float, nullable=False),
    Index(None, "run_id", "id"),
)
"""The curves: one row a point."""

rounds = Table(
    "rounds",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("parent", ForeignKey("rounds.number")),
    Column("run_id", ForeignKey("runs.id"), nullable=False, unique=True),
    Column("preset", String, nullable=False),
    Column("label_revision", Integer, nullable=False),
    Column("class_map", JSON, nullable=False),  # frozen: annotations.labelset.to_json
    Column("config", JSON, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("folder", String, nullable=False),  # relative to the project folder
    Column("scores", JSON),  # on held-out strokes
    Column("first_prediction_at", Float),
    Column("created_at", Float, nullable=False),
)

predictions = Table(
    "predictions",
    metadata,
    Column("round", ForeignKey("rounds.number"), primary_key=True),
    Column("frame_id", ForeignKey("frames.id"), primary_key=True),
    Column("labels_file", String, nullable=False),  # uint8 PNG of the round's train ids
    Column("confidence_file", String, nullable=False),  # uint8 PNG, 255 = certain
    Column("published_at", Float, nullable=False),
    Column("fused", Boolean),  # read off over time; none in rounds of earlier versions
)

scenes = Table(
    "scenes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False, unique=True),
    Column("config", JSON, nullable=False),
    Column("folder", String, nullable=False),  # relative to the project folder
    Column("report", JSON),  # rewis3d/reconstruct/report.py; there once the scene is done
    Column("created_at", Float, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)
"""Everything that a page must learn of, in commit order."""
