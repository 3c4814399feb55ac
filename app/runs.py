"""The life of a run: queued, taken by one attempt at a time, ended once.

An attempt writes only with the token that its `claim` gave it; a later claim takes it away, so that
a worker that was thought dead can't write over the one that went on (RunLostError). Every change
that a page shows is an event of the same transaction.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from app import events
from app.errors import RunLostError, StudioError
from app.schema import ENDED, RESUMABLE, RunKind, RunState, run_points, runs
from rewis3d.reports import Point


@dataclass(frozen=True, slots=True)
class Run:
    """A row of `runs`; times are seconds since the epoch."""

    run_id: str
    kind: RunKind
    state: RunState
    stage: str | None
    """What it is doing, for people; `done` of `total` units of it."""
    done: int | None
    total: int | None
    eta_seconds: float | None
    cancel_requested: bool
    attempt: int
    slot: str | None
    """The worker slot of the last attempt."""
    request: dict[str, Any]
    """What is to be made; `round` or `scene` is the number of what it is about, where there is."""
    result: dict[str, Any] | None
    error: str | None
    """One line for people."""
    traceback: str | None
    created_at: float
    started_at: float | None
    """Start of the last attempt."""
    heartbeat_at: float | None
    finished_at: float | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write to a run, until another attempt claims it."""

    run_id: str
    token: str
    attempt: int
    """1 for the first; more means that there may be work to go on with."""


def create(conn: Connection, kind: RunKind, *, request: dict[str, Any]) -> str:
    """Queue a new run and return its id; a `round` in the request is the round it is about."""
    run_id = uuid4().hex
    conn.execute(
        insert(runs).values(
            id=run_id,
            kind=kind.value,
            state=RunState.QUEUED.value,
            request=request,
            created_at=time.time(),
        )
    )
    _announce(conn, run_id)
    return run_id


def claim(conn: Connection, run_id: str, *, slot: str) -> Claim | None:
    """Take a run over from whoever had it; None where it is done, failed or was cancelled."""
    run = get(conn, run_id)
    if run.state in (RunState.DONE, RunState.FAILED, RunState.CANCELLED):
        return None
    if run.cancel_requested:  # while nobody worked on it
        _end(conn, run_id, RunState.CANCELLED)
        return None
    token, now = uuid4().hex, time.time()
    conn.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(
            state=RunState.RUNNING.value,
            token=token,
            slot=slot,
            attempt=run.attempt + 1,
            started_at=now,
            heartbeat_at=now,
            finished_at=None,
            error=None,
            traceback=None,
        )
    )
    _announce(conn, run_id)
    return Claim(run_id, token, run.attempt + 1)


def heartbeat(conn: Connection, claim: Claim) -> bool:
    """Say that the attempt is alive and return whether somebody asked to cancel it."""
    _write(conn, claim, heartbeat_at=time.time())
    wanted = select(runs.c.cancel_requested).where(runs.c.id == claim.run_id)
    return conn.execute(wanted).scalar_one()


def progress(
    conn: Connection,
    claim: Claim,
    *,
    stage: str,
    done: int,
    total: int,
    eta_seconds: float | None = None,
) -> None:
    """Record how far the attempt is. Ask for no more than four of these a second."""
    _write(
        conn,
        claim,
        stage=stage,
        done=done,
        total=total,
        eta_seconds=eta_seconds,
        heartbeat_at=time.time(),
    )
    _announce(conn, claim.run_id)


def add_points(conn: Connection, claim: Claim, points: Iterable[Point]) -> None:
    """Append to the run's curves."""
    check(conn, claim)
    for point in points:
        row = {"series": point.series, "step": point.step, "value": point.value}
        conn.execute(insert(run_points).values(run_id=claim.run_id, **row))
        events.append(conn, "point", run=claim.run_id, **row)


def finish(conn: Connection, claim: Claim, *, result: dict[str, Any]) -> None:
    """End the run as done."""
    check(conn, claim)
    _end(conn, claim.run_id, RunState.DONE, result=result, eta_seconds=None)


def fail(conn: Connection, claim: Claim, *, error: str, traceback: str | None = None) -> None:
    """End the run as failed; `error` is one line for people."""
    check(conn, claim)
    _end(conn, claim.run_id, RunState.FAILED, error=error, traceback=traceback)


def cancel(conn: Connection, claim: Claim) -> None:
    """End the run as cancelled: the attempt has stopped because somebody asked."""
    check(conn, claim)
    _end(conn, claim.run_id, RunState.CANCELLED)


def interrupt(conn: Connection, claim: Claim, *, error: str) -> None:
    """End the attempt unasked, as when the worker is told to stop; the run can go on later."""
    check(conn, claim)
    _end(conn, claim.run_id, RunState.INTERRUPTED, error=error)


def give_way(conn: Connection, claim: Claim) -> None:
    """Queue the run again behind what waits; it goes on later, and the attempt does not count."""
    check(conn, claim)
    mine = update(runs).where(runs.c.id == claim.run_id)
    conn.execute(mine.values(state=RunState.QUEUED.value, token=None, attempt=claim.attempt - 1))
    _announce(conn, claim.run_id)


def request_cancel(conn: Connection, run_id: str) -> RunState:
    """Ask for a run to be cancelled and return its state: at once where nothing works on it.

    StudioError where it has ended.
    """
    run = get(conn, run_id)
    if run.state in ENDED - {RunState.INTERRUPTED}:
        raise StudioError(f"{_name(run)} is {run.state} already")
    if run.state is RunState.RUNNING:
        conn.execute(update(runs).where(runs.c.id == run_id).values(cancel_requested=True))
        return RunState.RUNNING
    _end(conn, run_id, RunState.CANCELLED, error=None)  # why it was interrupted is past
    return RunState.CANCELLED


def requeue(conn: Connection, run_id: str) -> None:
    """Queue a run that stopped before its end once more; StudioError where it did not."""
    run = get(conn, run_id)
    if run.state not in RESUMABLE:
        raise StudioError(f"{_name(run)} can't be resumed: it is {run.state}")
    conn.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(
            state=RunState.QUEUED.value,
            token=None,
            cancel_requested=False,
            error=None,
            traceback=None,
            finished_at=None,
        )
    )
    _announce(conn, run_id)


def get(conn: Connection, run_id: str) -> Run:
    """Return a run; StudioError where the id is unknown."""
    row = conn.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    if row is None:
        raise StudioError(f"there is no run {run_id!r}")
    return _from_row(row)


def list_runs(conn: Connection, *, kind: RunKind | None = None) -> list[Run]:
    """Return the runs (of one kind), newest first."""
    query = select(runs).order_by(runs.c.created_at.desc(), runs.c.id)
    if kind is not None:
        query = query.where(runs.c.kind == kind.value)
    return [_from_row(row) for row in conn.execute(query)]


def curves(conn: Connection, run_id: str) -> dict[str, list[tuple[int, float]]]:
    """Return the run's curves: (step, value) in the order of recording, by series.

    Where an attempt repeated steps of an earlier one, its points stand.
    """
    query = select(run_points).where(run_points.c.run_id == run_id).order_by(run_points.c.id)
    found: dict[str, dict[int, float]] = {}
    for row in conn.execute(query):
        found.setdefault(row.series, {})[row.step] = row.value
    return {series: sorted(steps.items()) for series, steps in found.items()}


def check(conn: Connection, claim: Claim) -> None:
    """RunLostError where the claim no longer holds. Call it first in a transaction that writes."""
    _write(conn, claim, token=claim.token)


def _write(conn: Connection, claim: Claim, **values: Any) -> None:
    mine = update(runs).where(
        runs.c.id == claim.run_id,
        runs.c.token == claim.token,
        runs.c.state == RunState.RUNNING.value,
    )
    if conn.execute(mine.values(**values)).rowcount == 0:
        raise RunLostError(f"attempt {claim.attempt} of run {claim.run_id} no longer holds it")


def _end(conn: Connection, run_id: str, state: RunState, **values: Any) -> None:
    now = time.time()
    ended = update(runs).where(runs.c.id == run_id)
    conn.execute(ended.values(state=state.value, token=None, finished_at=now, **values))
    _announce(conn, run_id)


def _announce(conn: Connection, run_id: str) -> None:
    run = get(conn, run_id)
    events.append(
        conn,
        "run",
        run=run_id,
        round=run.request.get("round"),
        run_kind=run.kind.value,
        state=run.state.value,
        stage=run.stage,
        done=run.done,
        total=run.total,
        eta_seconds=run.eta_seconds,
    )


def _name(run: Run) -> str:
    if run.kind is RunKind.ROUND:
        return f"round {run.request['round']}"
    if run.kind is RunKind.RECONSTRUCT:
        return f"scene {run.request['scene']}"
    return f"the {run.kind} {run.run_id}"


def _from_row(row: Row[Any]) -> Run:
    fields = row._asdict()
    del fields["token"]  # nobody's business but the attempt's
    return Run(
        run_id=fields.pop("id"),
        kind=RunKind(fields.pop("kind")),
        state=RunState(fields.pop("state")),
        **fields,
    )
