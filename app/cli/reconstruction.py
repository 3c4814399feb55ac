"""The command that makes scenes: start one, go on with one, stop one, choose which is used."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.follow import finished
from app.cli.options import Project, Settings, chosen_settings, opened
from app.cli.plan import show_plan
from app.cli.terminal import remark, say, write_json

if TYPE_CHECKING:
    from app.scenes import SceneRow
    from app.workspace import Workspace

ROWS = "{:>7} {:11} {:12} {:>10} {:>6} {:>8} {:>8}"


class Backend(StrEnum):
    """What finds cameras and depths."""

    AUTO = "auto"
    MAPANYTHING = "mapanything"
    COLMAP = "colmap"
    GIVEN = "given"
    DEPTH = "depth"


def reconstruct(
    project: Project,
    backend: Annotated[
        Backend, typer.Option(help="How: colmap is built in and needs no download.")
    ] = Backend.AUTO,
    focal: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="PX", help="Focal length in pixels, where it is known."),
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE",
            help="Cameras: transforms.json, COLMAP model, a cloud beside them, RGB-D, KITTI-360,"
            " Waymo.",
        ),
    ] = None,
    overrides: Settings = None,
    resume: Annotated[
        int | None, typer.Option(metavar="SCENE", help="Go on with a scene that stopped.")
    ] = None,
    cancel: Annotated[int | None, typer.Option(metavar="SCENE", help="Stop a scene.")] = None,
    activate: Annotated[
        int | None, typer.Option(metavar="SCENE", help="Use this scene from now on.")
    ] = None,
    history: Annotated[bool, typer.Option("--list", help="List the scenes.")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say how long it would take, and start nothing.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help='Write JSON; "-" is stdout.')
    ] = None,
) -> None:
    """Reconstruct the frames in 3D: cameras, depths, and a report of what came out.

    Where no worker is on the project the work is done here; else the command waits for the worker.
    """
    acts = [act for act in (resume, cancel, activate) if act is not None]
    if len(acts) + history + plan > 1:
        raise typer.BadParameter("give one of --resume, --cancel, --activate, --list and --plan")
    changed = chosen_settings(overrides)
    changed |= {} if focal is None else {"focal": str(focal)}
    with opened(project) as workspace:
        if history:
            _list(workspace, json)
        elif cancel is not None:
            _cancel(workspace, cancel)
        elif activate is not None:
            _activate(workspace, activate)
        elif resume is not None:
            _resume(workspace, resume)
            _see_through(workspace, resume, json)
        elif plan:
            show_plan(workspace, backend=backend.value, overrides=changed, given=given, json=json)
        else:
            number = _start(workspace, backend.value, changed, given)
            _see_through(workspace, number, json)


def _start(
    workspace: Workspace, backend: str, overrides: dict[str, str], given: Path | None
) -> int:
    from app import jobs

    return jobs.start_reconstruct(workspace, backend=backend, overrides=overrides, given=given)


def _row(workspace: Workspace, number: int) -> SceneRow:
    from app import scenes

    with workspace.read() as conn:
        return scenes.get_scene(conn, number)


def _cancel(workspace: Workspace, number: int) -> None:
    from app import jobs

    jobs.request_cancel(workspace, _row(workspace, number).run.run_id)
    say(f"scene {number}: cancel requested")


def _resume(workspace: Workspace, number: int) -> None:
    """Queue a scene again, unless it waits or runs already."""
    from app import jobs
    from app.schema import RunState

    jobs.name_interrupted(workspace)
    run = _row(workspace, number).run
    if run.state not in (RunState.QUEUED, RunState.RUNNING):
        jobs.resume(workspace, run.run_id)


def _activate(workspace: Workspace, number: int) -> None:
    from app import scenes

    with workspace.write() as conn:
        scenes.activate(conn, number)
    say(f"scene {number} is used")


def _list(workspace: Workspace, json: Path | None) -> None:
    from app import jobs, scenes

    jobs.name_interrupted(workspace)  # what a dead worker left does not run
    with workspace.read() as conn:
        rows, active = scenes.list_scenes(conn), scenes.active_scene(conn)
    used = active and active.number
    if json is not None:
        write_json([_as_json(row, used) for row in rows], json)
    elif not rows:
        say("no scenes yet: `rewis3d reconstruct` makes one")
    else:
        say(ROWS.format("scene", "state", "backend", "registered", "pieces", "coverage", "seconds"))
        for row in rows:
            say(_line(row, used))


def _as_json(row: SceneRow, used: int | None) -> dict[str, Any]:
    return {
        "number": row.number,
        "active": row.number == used,
        "state": row.run.state,
        "config": row.config,
        "seconds": row.seconds,
        "error": row.run.error,
        "report": row.report,
    }


def _line(row: SceneRow, used: int | None) -> str:
    name = f"{'*' if row.number == used else ''}{row.number}"
    if row.report is None:
        return ROWS.format(name, row.run.state, row.config["backend"], "-", "-", "-", "-")
    report = row.report
    frames = "{registered}/{total}".format(**report["frames"])
    coverage = f"{100 * report['coverage']:.0f} %"
    return ROWS.format(
        name,
        row.run.state,
        report["backend"],
        frames,
        report["pieces"],
        coverage,
        f"{report['seconds']:.0f}",
    )


def _see_through(workspace: Workspace, number: int, json: Path | None) -> None:
    """Wait for the end, or work towards it, and say what came out."""
    try:
        finished(workspace, _row(workspace, number).run.run_id)
    except KeyboardInterrupt:
        remark(_after_interrupt(workspace, number))
        raise
    report = _row(workspace, number).report or {}
    if json is not None:
        write_json(report, json)
    if json is None or str(json) != "-":
        for line in summary(number, report):
            say(line)


def _after_interrupt(workspace: Workspace, number: int) -> str:
    from app.schema import ENDED

    state = _row(workspace, number).run.state
    command = f"rewis3d reconstruct {workspace.root}"
    if state in ENDED:
        return f"scene {number} is {state}; go on: {command} --resume {number}"
    return f"scene {number} goes on in its worker; stop it: {command} --cancel {number}"


def summary(number: int, report: dict[str, Any]) -> Iterator[str]:
    """Yield a scene's report for people, line by line."""
    frames, pieces, error = report["frames"], report["pieces"], report["reprojection_error_px"]
    off = "" if error is None else f", off by {error:.2f} px"
    yield (
        f"scene {number}: {frames['registered']} of {frames['total']} frames in"
        f" {pieces} {'piece' if pieces == 1 else 'pieces'} by {report['backend']},"
        f" depth for {100 * report['coverage']:.0f} % of the pixels{off},"
        f" {report['seconds']:.0f} s"
    )
    for name in report["cuts"]:
        yield f"cut before frame {name}: what comes after has no place relative to what was before"
    yield from flat_ranges(report["per_frame"])
    yield from report["notes"]


def flat_ranges(per_frame: list[dict[str, Any]]) -> Iterator[str]:
    """Yield one line for each run of frames that stay 2D for the same reason; places from 0."""
    for reason, group in groupby(enumerate(per_frame), key=lambda pair: _why_flat(pair[1])):
        if reason is None:
            continue
        places = [place for place, _ in group]
        one = len(places) == 1
        where = f"frame {places[0]}" if one else f"frames {places[0]}-{places[-1]}"
        yield f"{where}: 2D only: {reason}"


def _why_flat(row: dict[str, Any]) -> str | None:
    return None if row["backend"] is not None else row["reason"] or "no reason is known"
