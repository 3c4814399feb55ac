"""Commands that start a round, stop one and go on with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.follow import finished
from app.cli.options import Project, RoundNumber, Settings, chosen_settings, opened
from app.cli.rounds import score, seconds
from app.cli.selection import chosen
from app.cli.terminal import remark, say
from app.errors import StudioError

if TYPE_CHECKING:
    from app.rounds import Round
    from app.workspace import Workspace


def train(
    project: Project,
    preset: Annotated[
        str, typer.Option(help="How to train: quick, cpu, interactive, paper or released.")
    ] = "quick",
    overrides: Settings = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all that is random.")] = 0,
    frame: Annotated[
        str | None, typer.Option(help="Predict this frame first: its place from 0, or its name.")
    ] = None,
    use_if_better: Annotated[
        bool,
        typer.Option("--use-if-better", help="Activate it if it does better on held-out strokes."),
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end.")] = False,
) -> None:
    """Train a model on the strokes and predict every frame: a round.

    Where no worker is on the project the round runs here, and the command waits for it.
    """
    from app import jobs

    settings = chosen_settings(overrides)
    with opened(project) as workspace:
        number = jobs.start_round(
            workspace,
            preset=preset,
            overrides=settings,
            seed=seed,
            current_frame=_frame_id(workspace, frame),
            use_if_better=use_if_better,
        )
        _go_on(workspace, number, wait=wait)


def resume(
    project: Project,
    number: RoundNumber,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end.")] = False,
) -> None:
    """Go on with a round that was cancelled, interrupted or failed."""
    from app import jobs, rounds

    with opened(project) as workspace:
        with workspace.read() as conn:
            run_id = rounds.get_round(conn, number).run.run_id
        jobs.resume(workspace, run_id)
        _go_on(workspace, number, wait=wait)


def cancel(project: Project, number: RoundNumber) -> None:
    """Cancel a round: what it has predicted stays, and `resume` goes on with it."""
    from app import jobs, rounds

    with opened(project) as workspace:
        with workspace.read() as conn:
            run_id = rounds.get_round(conn, number).run.run_id
        jobs.request_cancel(workspace, run_id)
    say(f"round {number}: cancel requested")


def _frame_id(workspace: Workspace, word: str | None) -> int | None:
    if word is None:
        return None
    from annotations import store

    with workspace.read() as conn:
        found = chosen(store.list_frames(conn), [word])
    if len(found) != 1:
        raise StudioError(f"--frame {word} names {len(found)} frames; give one")
    return found[0].frame_id


def _go_on(workspace: Workspace, number: int, *, wait: bool) -> None:
    from app import jobs, rounds

    if not wait and jobs.worker_alive(workspace):
        say(f"round {number} is queued; `rewis3d rounds {workspace.root}` shows how it goes")
        return
    with workspace.read() as conn:
        run_id = rounds.get_round(conn, number).run.run_id
        scene = jobs.scene_awaited(conn, run_id)
    try:
        if scene is not None:
            finished(workspace, scene.run.run_id)
        finished(workspace, run_id)
    except KeyboardInterrupt:
        remark(_after_interrupt(workspace, number))
        raise
    with workspace.read() as conn:
        one, active = rounds.get_round(conn, number), rounds.active_round(conn)
    first, last = seconds(one.seconds_to_first), seconds(one.seconds)
    held_out = "no held-out strokes" if score(one) == "-" else f"held-out mIoU {score(one)} %"
    held_out += beside(one)
    say(f"round {number}: first prediction {first}, all {one.predicted} frames {last}, {held_out}")
    if one.use_if_better:
        say(what_is_shown(one, active))


def beside(one: Round) -> str:
    """Say what the later stages of a round have brought, where they were tried."""
    scores = one.scores or {}

    def found(before: str, after: str, words: str, *, used: bool) -> list[str]:
        if scores.get(before) is None or scores.get(after) is None:
            return []
        unused = "" if used else ", which is not used"
        return [words.format(100 * scores[before], 100 * scores[after]) + unused]

    around = (scores.get("around") or 0.0) >= (scores.get("strokes") or 0.0)
    learnt = "strokes alone {:.1f} %, with the frames around {:.1f} %"
    read = "frame by frame {:.1f} %, over time {:.1f} %"
    parts = found("strokes", "around", learnt, used=around)
    parts += found("alone", "fused", read, used=one.fused > 0)
    return f" ({'; '.join(parts)})" if parts else ""


def what_is_shown(one: Round, active: int | None) -> str:
    """Say what became of `--use-if-better`; `active` is the round that is shown."""
    scores = one.scores or {}
    rival, shown = scores.get("rival"), "it is shown" if one.number == active else "it is not shown"
    if rival is None:
        return f"{shown}: {scores.get('no_rival') or 'there was nothing to compare it with'}"
    if rival["own"] is None or rival["miou"] is None:
        return f"{shown}: no held-out pixel compares it with round {rival['round']}"
    found = f"{100 * rival['own']:.1f} % to {100 * rival['miou']:.1f} % of round {rival['round']}"
    return f"{shown}: {found} on strokes that neither had learnt"


def _after_interrupt(workspace: Workspace, number: int) -> str:
    from app import rounds
    from app.schema import ENDED

    with workspace.read() as conn:
        state = rounds.get_round(conn, number).run.state
    if state in ENDED:
        return f"round {number} is {state}; go on: rewis3d resume {workspace.root} {number}"
    return (
        f"round {number} goes on in its worker; look: rewis3d rounds {workspace.root};"
        f" stop it: rewis3d cancel {workspace.root} {number}"
    )
