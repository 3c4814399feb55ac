"""The counter that numbers every change of strokes or classes."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from annotations.schema import label_state


def current_revision(conn: Connection) -> int:
    """Return the number of the last change."""
    return conn.execute(select(label_state.c.revision)).scalar_one()


def next_revision(conn: Connection) -> int:
    """Take the next number for the caller's transaction.

    The row stays locked until the transaction ends: changes are on disk in their numbers' order.
    """
    step = update(label_state).values(revision=label_state.c.revision + 1)
    return conn.execute(step.returning(label_state.c.revision)).scalar_one()
