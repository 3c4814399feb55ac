"""The event log: everything that an open page must learn of, numbered in commit order."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from app.schema import events

KEPT: Final = 10_000
"""Events that stay; a page that is further behind than this loads everything anew."""
_PRUNE_EVERY: Final = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One event; docs/architecture.md lists the kinds and what their payloads hold."""

    seq: int
    kind: str
    payload: dict[str, Any]
    created_at: float


def append(conn: Connection, kind: str, /, **payload: Any) -> int:
    """Add an event to the caller's transaction and return its number; old ones are dropped."""
    row = insert(events).values(kind=kind, payload=payload, created_at=time.time())
    seq = conn.execute(row.returning(events.c.seq)).scalar_one()
    if seq % _PRUNE_EVERY == 0:
        conn.execute(delete(events).where(events.c.seq <= seq - KEPT))
    return seq


def after(conn: Connection, seq: int) -> list[Event]:
    """Return the kept events with a larger number, oldest first."""
    rows = conn.execute(select(events).where(events.c.seq > seq).order_by(events.c.seq))
    return [Event(row.seq, row.kind, row.payload, row.created_at) for row in rows]


def latest(conn: Connection) -> int:
    """Return the number of the newest event; 0 where there is none."""
    return conn.execute(select(func.max(events.c.seq))).scalar() or 0
