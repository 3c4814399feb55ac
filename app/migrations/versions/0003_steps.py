"""The names of undo and redo steps in a column of their own, no longer behind the tab's name."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STEP = re.compile(r"(.+) ([A-Za-z0-9_-]{8,64})", re.DOTALL)


def upgrade() -> None:
    op.add_column("stroke_ops", sa.Column("step", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_stroke_ops_step"), "stroke_ops", ["step"])
    ops = sa.table(
        "stroke_ops",
        *(sa.column(name) for name in ("id", "intent", "client", "step")),
    )
    conn = op.get_bind()
    steps = sa.select(ops.c.id, ops.c.client).where(ops.c.intent != "do")
    for row in conn.execute(steps).all():
        if named := _STEP.fullmatch(row.client):
            client, step = named.groups()
            this = sa.update(ops).where(ops.c.id == row.id)
            conn.execute(this.values(client=client, step=step))
