"""The history of rounds, and which one is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import Project, RoundNumber, opened
from app.cli.terminal import say, write_json

if TYPE_CHECKING:
    from app.rounds import Round
    from app.scenes import SceneRow

COLUMNS = "{:>7} {:11} {:11} {:>6} {:>8} {:>8} {:>8} {:>6}"


def history(
    project: Project,
    json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """List the rounds, newest first; * marks the one that is shown."""
    from app import jobs, rounds

    with opened(project) as workspace:
        jobs.name_interrupted(workspace)  # what a dead worker left does not run
        with workspace.read() as conn:
            found, active = rounds.list_rounds(conn), rounds.active_round(conn)
            awaited = {one.number: jobs.scene_awaited(conn, one.run.run_id) for one in found}
    if json:
        rows = [as_json(one, active, waits_for=awaited[one.number]) for one in found]
        write_json(rows, Path("-"))
        return
    if not found:
        say("no rounds yet: draw strokes of two classes or more, then `rewis3d train`")
        return
    titles = ("round", "state", "preset", "parent", "labels", "first", "all", "mIoU")
    say(COLUMNS.format(*titles))
    for one in found:
        say(_row(one, active))
    for one in found:
        scene = awaited[one.number]
        if scene is not None:
            say(f"round {one.number} waits for scene {scene.number}, {how_far(scene)}")
    if found[0].run.error:
        say(f"round {found[0].number} is {found[0].run.state}: {found[0].run.error}")


def activate(project: Project, number: RoundNumber) -> None:
    """Show a round's predictions, instead of those of the round that is shown now."""
    from app import rounds

    with opened(project) as workspace, workspace.write() as conn:
        rounds.activate(conn, number)
    say(f"round {number} is shown")


def as_json(one: Round, active: int | None, *, waits_for: SceneRow | None) -> dict[str, Any]:
    """Return a round for programs; seconds from the request, scores as fractions."""
    return {
        "number": one.number,
        "active": one.number == active,
        "state": one.run.state,
        "preset": one.preset,
        "parent": one.parent,
        "label_revision": one.label_revision,
        "strokes_behind": one.strokes_behind,
        "scene": one.scene,
        "waits_for_scene": waits_for and waits_for.number,
        "use_if_better": one.use_if_better,
        "predicted": one.predicted,
        "seconds_to_first": one.seconds_to_first,
        "seconds": one.seconds,
        "scores": one.scores,
        "config": one.config,
        "seed": one.seed,
        "error": one.run.error,
    }


def how_far(scene: SceneRow) -> str:
    """Return how far a scene is, for people."""
    run = scene.run
    if run.stage is None or not run.total:
        return f"which is {run.state}"
    return f"{run.stage}, {100 * (run.done or 0) // run.total} % done"


def seconds(value: float | None) -> str:
    """Return a time for people: "-" where there is none."""
    return "-" if value is None else f"{value:.1f} s"


def score(one: Round) -> str:
    """Return a round's mIoU on held-out strokes in per cent: "-" where there is none."""
    miou = (one.scores or {}).get("miou")
    return "-" if miou is None else f"{100 * miou:.1f}"


def _row(one: Round, active: int | None) -> str:
    return COLUMNS.format(
        f"{'*' if one.number == active else ''}{one.number}",
        one.run.state,
        one.preset,
        one.parent or "-",
        one.label_revision,
        seconds(one.seconds_to_first),
        seconds(one.seconds),
        score(one),
    ).rstrip()
