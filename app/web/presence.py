"""Tells open pages when the first worker has come or the last one is gone."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import select

from app import events, jobs
from app.schema import events as event_rows
from app.workspace import Workspace

LOOK_SECONDS: Final = 1.0


class Presence:
    """Looks at the workers' locks, whoever started them and however they end."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._looked = float("-inf")
        with workspace.read() as conn:
            query = select(event_rows.c.payload).where(event_rows.c.kind == "worker")
            last = conn.execute(query.order_by(event_rows.c.seq.desc()).limit(1)).scalar()
        self._told = last is not None and last["alive"]

    def look(self) -> None:
        """Append an event where it is another state than pages were last told of.

        Does nothing within a second of the last look. StudioError where the disk refuses; the next
        look tells it then.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        alive = jobs.worker_alive(self._workspace)
        if alive == self._told:
            return
        with self._workspace.write() as conn:
            events.append(conn, "worker", alive=alive)
        self._told = alive
