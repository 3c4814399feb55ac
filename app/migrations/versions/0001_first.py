"""The first schema: labels, rounds, runs, predictions, events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_frames()
    _create_op_logs()
    _create_runs()
    _create_rounds()


def _create_frames() -> None:
    op.create_table(
        "clips",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clips")),
    )
    op.create_table(
        "frames",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("thumbnail", sa.String(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("timestamp", sa.Float(), nullable=True),
        sa.Column("reserved", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("height > 0 AND width > 0", name=op.f("ck_frames_size")),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name=op.f("fk_frames_clip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frames")),
        sa.UniqueConstraint("clip_id", "index", name=op.f("uq_frames_clip_id_index")),
        sa.UniqueConstraint("file", name=op.f("uq_frames_file")),
    )


def _create_op_logs() -> None:
    op.create_table(
        "label_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_state")),
    )
    op.create_table(
        "strokes",
        sa.Column("uuid", sa.String(length=64), nullable=False),
        sa.Column("frame_id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.Column("width", sa.Float(), nullable=False),
        sa.Column("xy", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["frame_id"], ["frames.id"], name=op.f("fk_strokes_frame_id")),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_strokes")),
    )
    op.create_index(op.f("ix_strokes_frame_id"), "strokes", ["frame_id"])
    op.create_table(
        "stroke_ops",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stroke_uuid", sa.String(length=64), nullable=False),
        sa.Column("gesture", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.CheckConstraint("intent IN ('do', 'undo', 'redo')", name=op.f("ck_stroke_ops_intent")),
        sa.CheckConstraint("kind IN ('add', 'remove', 'restore')", name=op.f("ck_stroke_ops_kind")),
        sa.ForeignKeyConstraint(
            ["stroke_uuid"], ["strokes.uuid"], name=op.f("fk_stroke_ops_stroke_uuid")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stroke_ops")),
    )
    op.create_index(op.f("ix_stroke_ops_author_id"), "stroke_ops", ["author", "id"])
    op.create_index(
        op.f("ix_stroke_ops_stroke_uuid_revision"), "stroke_ops", ["stroke_uuid", "revision"]
    )
    op.create_table(
        "class_ops",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_ops")),
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("eta_seconds", sa.Float(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=True),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("traceback", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=True),
        sa.Column("heartbeat_at", sa.Float(), nullable=True),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_table(
        "run_points",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_points_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_points")),
    )
    op.create_index(op.f("ix_run_points_run_id_id"), "run_points", ["run_id", "id"])


def _create_rounds() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("active_round", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )
    op.create_table(
        "rounds",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("preset", sa.String(), nullable=False),
        sa.Column("label_revision", sa.Integer(), nullable=False),
        sa.Column("class_map", sa.JSON(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=True),
        sa.Column("first_prediction_at", sa.Float(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["rounds.number"], name=op.f("fk_rounds_parent")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_rounds_run_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rounds")),
        sa.UniqueConstraint("run_id", name=op.f("uq_rounds_run_id")),
    )
    op.create_table(
        "predictions",
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("frame_id", sa.Integer(), nullable=False),
        sa.Column("labels_file", sa.String(), nullable=False),
        sa.Column("confidence_file", sa.String(), nullable=False),
        sa.Column("published_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["frame_id"], ["frames.id"], name=op.f("fk_predictions_frame_id")),
        sa.ForeignKeyConstraint(["round"], ["rounds.number"], name=op.f("fk_predictions_round")),
        sa.PrimaryKeyConstraint("round", "frame_id", name=op.f("pk_predictions")),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
