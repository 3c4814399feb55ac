"""Starting, cancelling and resuming runs, without the job engine: a row in `runs` is the request.

The row is written in the transaction that freezes what the run needs. Workers look for rows that
wait (`waiting`) and share them out among themselves by the job engine (app/engine.py); what the
engine knows beside the rows may be lost without harm.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from annotations import store
from app import rounds, runs, scenes, slots
from app.errors import StudioError
from app.runs import Claim, Run
from app.scenes import SceneRow
from app.schema import ENDED, RunKind, RunState
from app.schema import runs as table
from app.workspace import Workspace
from rewis3d import presets
from rewis3d.config import QuickConfig
from rewis3d.reconstruct import config as reconstruction

MOST_ATTEMPTS: Final = 5
"""An interrupted run goes on by itself until it had so many attempts; then somebody must ask.

A run that takes the machine down would otherwise take it down at every start.
"""
EXPORTS: Final = ("model", "labels", "strokes")
_TO_GO_ON: Final = (RunState.QUEUED, RunState.INTERRUPTED)
INTERRUPTED: Final = "the worker stopped in the middle of it; it can go on"


def start_round(
    workspace: Workspace,
    *,
    preset: str = "quick",
    overrides: Mapping[str, str] | None = None,
    seed: int = 0,
    current_frame: int | None = None,
    use_if_better: bool = False,
) -> int:
    """Freeze labels, classes and settings as a new queued round and return its number.

    `current_frame` is predicted first; with `use_if_better` it is shown once it has done better on
    held-out strokes than the round that is shown. A round that learns in 3D does so with the scene
    that is used now; where there is none yet it waits for one, which is queued with it. StudioError
    or Rewis3dError where it can't be trained.
    """
    chosen = presets.resolve(preset, overrides or {})
    with workspace.write() as conn:
        created = rounds.create(
            conn,
            preset=preset,
            config=presets.to_json(chosen),
            seed=seed,
            current_frame=current_frame,
            scene=_scene_for(conn, chosen),
            use_if_better=use_if_better,
        )
    return created.number


def _scene_for(conn: Connection, config: presets.Config) -> int | None:
    """Return the scene that a round trains with; None where it learns nothing in 3D."""
    if isinstance(config, QuickConfig) or config.networks.branches == "2d":
        return None
    known = scenes.active_scene(conn) or scenes.under_way(conn)
    if known is None:
        fields = reconstruction.to_json(reconstruction.resolve("auto", {}))
        known = scenes.create(conn, config=fields)
    return known.number


def start_reconstruct(
    workspace: Workspace,
    *,
    backend: str = "auto",
    overrides: Mapping[str, str] | None = None,
    given: Path | None = None,
) -> int:
    """Queue a reconstruction of all frames as a new scene and return its number.

    `given` holds cameras (and depths) that are known already. StudioError or Rewis3dError where it
    can't be made.
    """
    chosen = reconstruction.resolve(backend, overrides or {})
    place = given_place(chosen.backend, given)
    name_interrupted(workspace)
    with workspace.write() as conn:
        fields = reconstruction.to_json(chosen)
        return scenes.create(conn, config=fields, given=place).number


def given_place(backend: str, given: Path | None) -> str | None:
    """Return where cameras are given; StudioError where that and the backend do not go together."""
    if given is None:
        if backend == "given":
            raise StudioError("backend 'given' needs cameras: say with --given where they lie")
        return None
    if backend not in ("auto", "given"):
        raise StudioError(f"backend {backend!r} finds its own cameras; leave it or --given out")
    place = given.expanduser().resolve()
    if not place.exists():
        raise StudioError(f"{given} does not exist")
    return str(place)


def start_predict(workspace: Workspace, *, round_number: int | None = None) -> str | None:
    """Queue the prediction of the frames that a round lacks and return the run id.

    Without a number the round that is shown. None where every frame is predicted. The id of the
    prediction that is under way already, where it covers them; StudioError where the round itself
    is at work, or other frames of it are being predicted.
    """
    name_interrupted(workspace)
    with workspace.write() as conn:
        number = _known_round(conn, round_number)
        there = rounds.predictions_of(conn, number)
        missing = [
            frame.frame_id for frame in store.list_frames(conn) if frame.frame_id not in there
        ]
        if not missing:
            return None
        for run in _predicting(conn, number):
            if run.kind is RunKind.PREDICT and set(missing) <= set(run.request["frames"]):
                return run.run_id
            raise StudioError(_busy(number, run))
        return runs.create(conn, RunKind.PREDICT, request={"round": number, "frames": missing})


def _predicting(conn: Connection, number: int) -> list[Run]:
    """Return the runs at work on a round's predictions, and those that go on by themselves."""
    found = [
        run for kind in (RunKind.ROUND, RunKind.PREDICT) for run in runs.list_runs(conn, kind=kind)
    ]
    alive = {*waiting(conn), *(claim.run_id for claim, _ in _running(conn))}
    return [run for run in found if run.run_id in alive and run.request["round"] == number]


def _busy(number: int, run: Run) -> str:
    what = "" if run.kind is RunKind.ROUND else "a prediction of "
    return (
        f"{what}round {number} is {run.state} and writes its predictions; wait for it or cancel it"
    )


def start_export(
    workspace: Workspace,
    *,
    format: str,  # noqa: A002 - the option's name everywhere
    what: str = "model",
    round_number: int | None = None,
) -> str:
    """Queue an export of the "model", the "labels" or the "strokes" and return the run id.

    Without a number it is of the round that is shown; only labels and strokes can do without one.
    """
    if what not in EXPORTS:
        raise StudioError(f"{what!r} can't be exported; known: {', '.join(EXPORTS)}")
    with workspace.write() as conn:
        number = rounds.active_round(conn) if round_number is None else round_number
        if what == "model" or number is not None:
            number = _known_round(conn, number)
        request = {"round": number, "what": what, "format": format}
        return runs.create(conn, RunKind.EXPORT, request=request)


def _known_round(conn: Connection, number: int | None) -> int:
    wanted = rounds.active_round(conn) if number is None else number
    if wanted is None:
        raise StudioError("there is no round yet; train one first")
    return rounds.get_round(conn, wanted).number


def request_cancel(workspace: Workspace, run_id: str) -> None:
    """Ask for a run to be cancelled; at once where nothing works on it, else within 5 s.

    StudioError where it has ended.
    """
    name_interrupted(workspace)
    with workspace.write() as conn:
        runs.request_cancel(conn, run_id)


def resume(workspace: Workspace, run_id: str) -> None:
    """Queue a cancelled, interrupted or failed run again; it goes on where it was.

    StudioError where it is another state's, or another run writes the same round's predictions.
    """
    name_interrupted(workspace)
    with workspace.write() as conn:
        run = runs.get(conn, run_id)
        if run.kind in (RunKind.ROUND, RunKind.PREDICT):
            for other in _predicting(conn, run.request["round"]):
                if other.run_id != run_id:
                    raise StudioError(_busy(run.request["round"], other))
        runs.requeue(conn, run_id)


def worker_alive(workspace: Workspace) -> bool:
    """Say whether a worker is there to take what is queued."""
    return bool(slots.workers(workspace))


def name_interrupted(workspace: Workspace, *, idle: str | None = None) -> list[str]:
    """Name as interrupted each run whose worker is dead, and return the run ids.

    Anybody may call this at any time: the web process does, so that a page doesn't show a run as
    running that nobody works on. `idle` is a living worker that works on nothing.
    """
    with workspace.read() as conn:
        if not _running(conn):
            return []
    # Whoever was alive before the rows are read can't have claimed one since with a dead id.
    with workspace.write() as conn:
        alive = slots.holders(workspace) - {idle}
        left = [claim for claim, slot in _running(conn) if slot not in alive]
        for claim in left:
            runs.interrupt(conn, claim, error=INTERRUPTED)
    return [claim.run_id for claim in left]


def _running(conn: Connection) -> list[tuple[Claim, str | None]]:
    query = select(table).where(table.c.state == RunState.RUNNING.value)
    return [(Claim(row.id, row.token, row.attempt), row.slot) for row in conn.execute(query)]


def waiting(conn: Connection) -> list[str]:
    """Return the ids of the runs that a worker should take, oldest first.

    A round whose scene is still in the making is none of them.
    """
    query = (
        select(table)
        .where(
            (table.c.state == RunState.QUEUED.value)
            | ((table.c.state == RunState.INTERRUPTED.value) & (table.c.attempt < MOST_ATTEMPTS))
        )
        .order_by(table.c.created_at)
    )
    return [row.id for row in conn.execute(query).all() if scene_awaited(conn, row.id) is None]


def scene_awaited(conn: Connection, run_id: str) -> SceneRow | None:
    """Return the scene that a round which is to go on must wait for; None where it can begin."""
    run = runs.get(conn, run_id)
    number = run.request.get("scene")
    if run.kind is not RunKind.ROUND or number is None or run.state not in _TO_GO_ON:
        return None
    scene = scenes.get_scene(conn, number)
    return scene if goes_on(scene.run) or scene.run.state not in ENDED else None


def goes_on(run: Run) -> bool:
    """Say whether a run was interrupted and a worker takes it up again unasked."""
    return run.state is RunState.INTERRUPTED and run.attempt < MOST_ATTEMPTS


def gives_way(conn: Connection, run: Run) -> bool:
    """Say whether a run takes minutes and keeps what it has: a scene, or a round of the method."""
    if run.kind is not RunKind.ROUND:
        return run.kind is RunKind.RECONSTRUCT
    return presets.KIND in rounds.get_round(conn, run.request["round"]).config


def somebody_waits(conn: Connection, *, seconds: float) -> bool:
    """Say whether a person has waited so long for the start of what is over in a moment."""
    query = select(table.c.id).where(
        table.c.state == RunState.QUEUED.value,
        table.c.created_at < time.time() - seconds,
    )
    waiting = [runs.get(conn, run_id) for run_id in conn.scalars(query).all()]
    return any(not gives_way(conn, run) for run in waiting)


def claim(workspace: Workspace, run_id: str, *, slot: str) -> Claim | None:
    """Take a run for a slot's holder; None where it has ended or a living worker has it."""
    with workspace.write() as conn:
        run = runs.get(conn, run_id)
        if run.state is RunState.RUNNING and run.slot in slots.holders(workspace) - {slot}:
            return None
        return runs.claim(conn, run_id, slot=slot)
