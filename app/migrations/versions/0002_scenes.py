"""Scenes: what is reconstructed from the frames, and the focal length that a frame's file knows."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scenes",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_scenes_run_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_scenes")),
        sa.UniqueConstraint("run_id", name=op.f("uq_scenes_run_id")),
    )
    op.add_column("project", sa.Column("active_scene", sa.Integer(), nullable=True))
    op.add_column("frames", sa.Column("focal", sa.Float(), nullable=True))
