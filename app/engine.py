"""The job engine (DBOS): shares the runs that wait out among the workers of a project.

It has an SQLite file of its own, `jobs.sqlite`. A run that waits is enqueued as a workflow; one
worker gets it. A workflow that a dead worker left is cancelled, and its run is enqueued anew. The
`runs` table says what a run is and who may write to it; the engine only says whose turn it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import sqlalchemy
from dbos import DBOS, DBOSClient, DBOSConfig, SetWorkflowID, WorkflowStatus, _serialization
from sqlalchemy import URL, create_engine, event

from app.database import BUSY_SECONDS, explained
from app.workspace import Workspace

FILE: Final = "jobs.sqlite"
_NAME: Final = "rewis3d"
_QUEUE: Final = "runs"
_VERSION: Final = "1"
"""Constant: with DBOS's default, a hash of the code, an update would strand what is queued."""
_POLL_SECONDS: Final = 0.2
_LIVING: Final = ["ENQUEUED", "PENDING"]
_MEND: Final = "delete this file: nothing is lost, workers make a new one"


class Engine:
    """The launched engine of this process: there can be one at a time."""

    def __init__(self, work: Callable[[str], None], file: Path) -> None:
        self._file = file

        @DBOS.workflow(name=_QUEUE, max_recovery_attempts=None)
        def turn(run_id: str) -> None:
            work(run_id)

        self._workflow = turn

    def enqueue(self, waiting: Sequence[str]) -> None:
        """Put runs that wait into the queue, but those that are in it.

        Workflow ids are counted up by run, so that two workers that see the same run waiting
        enqueue one and the same workflow.
        """
        if not waiting:
            return
        with explained(self._file, mend=_MEND):
            there = {status.workflow_id.partition(".")[0] for status in _statuses(status=_LIVING)}
            for run_id in waiting:
                if run_id not in there:
                    count = len(_statuses(workflow_id_prefix=f"{run_id}."))
                    with SetWorkflowID(f"{run_id}.{count}"):
                        DBOS.enqueue_workflow(_QUEUE, self._workflow, run_id)

    def give_up_dead(self, alive: Callable[[], Collection[str]]) -> None:
        """Cancel the workflows of executors that are not alive; their runs are enqueued anew."""
        with explained(self._file, mend=_MEND):
            pending = _statuses(status="PENDING")  # first: an executor that took one later is alive
            if pending:
                living = alive()
                dead = [one.workflow_id for one in pending if one.executor_id not in living]
                DBOS.cancel_workflows(dead)


class _NoPickle(_serialization.DefaultSerializer):
    """What DBOS reads pickles with: a project folder, and this file in it, may be a stranger's."""

    def deserialize(self, serialized_data: str) -> NoReturn:
        raise ValueError(f"not read: {len(serialized_data)} characters of pickle in jobs.sqlite")


def _statuses(**chosen: Any) -> list[WorkflowStatus]:
    return DBOS.list_workflows(load_input=False, load_output=False, **chosen)


@contextmanager
def launched(workspace: Workspace, executor: str, work: Callable[[str], None]) -> Iterator[Engine]:
    """Take runs from the queue, one at a time, while the context lasts.

    `work` is called with a run id in a thread of the engine, and waited for at the end.
    `executor` is an id that no other process ever has.
    """
    engine = _open(workspace)
    _serialization.DBOSDefaultSerializer = _NoPickle()
    try:
        with explained(workspace.root / FILE, mend=_MEND):
            DBOS(config=_config(engine, executor))
            launching = Engine(work, workspace.root / FILE)
            _make_queue(engine)
            DBOS.launch()
        yield launching
    finally:
        DBOS.destroy(destroy_registry=True)
        engine.dispose()


def _config(engine: sqlalchemy.Engine, executor: str) -> DBOSConfig:
    return DBOSConfig(
        name=_NAME,
        system_database_engine=engine,
        system_database_url=engine.url.render_as_string(hide_password=False),
        application_version=_VERSION,
        executor_id=executor,
        serializer=_serialization.DBOSPortableJSON,
        log_level="ERROR",
        enable_otlp=False,
    )


def _open(workspace: Workspace) -> sqlalchemy.Engine:
    """Return an engine as DBOS makes its own, but with WAL: readers don't wait for writers."""
    engine = create_engine(URL.create("sqlite", database=str(workspace.root / FILE)))
    event.listen(engine, "connect", _on_connect)
    return engine


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # the runs table is the one that must last
    connection.execute("PRAGMA foreign_keys = ON")


def _make_queue(engine: sqlalchemy.Engine) -> None:
    """Have the queue there before the launch: DBOS looks for new ones once a second only."""
    DBOS.migrate(engine.url.render_as_string(hide_password=False))
    client = DBOSClient(system_database_engine=engine, application_name=_NAME)
    client.register_queue(_QUEUE, worker_concurrency=1, polling_interval_sec=_POLL_SECONDS)
    client.destroy()
