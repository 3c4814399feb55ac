"""The history of rounds, and which one is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import Project, RoundNumber, opened
from app.cli.terminal import say, write_json

if TYPE_CHECKING:
    from app.rounds import Round

COLUMNS = "{:>7} {:11} {:8} {:>6} {:>8} {:>8} {:>8} {:>6}"


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
    if json:
        write_json([as_json(one, active) for one in found], Path("-"))
        return
    if not found:
        say("no rounds yet: draw strokes of two classes or more, then `rewis3d train`")
        return
    titles = ("round", "state", "preset", "parent", "labels", "first", "all", "mIoU")
    say(COLUMNS.format(*titles))
    for one in found:
        say(_row(one, active))


def activate(project: Project, number: RoundNumber) -> None:
    """Show a round's predictions, instead of those of the round that is shown now."""
    from app import rounds

    with opened(project) as workspace, workspace.write() as conn:
        rounds.activate(conn, number)
    say(f"round {number} is shown")


def as_json(one: Round, active: int | None) -> dict[str, Any]:
    """Return a round for programs; seconds from the request, scores as fractions."""
    return {
        "number": one.number,
        "active": one.number == active,
        "state": one.run.state,
        "preset": one.preset,
        "parent": one.parent,
        "label_revision": one.label_revision,
        "strokes_behind": one.strokes_behind,
        "predicted": one.predicted,
        "seconds_to_first": one.seconds_to_first,
        "seconds": one.seconds,
        "scores": one.scores,
        "config": one.config,
        "seed": one.seed,
        "error": one.run.error,
    }


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
