"""Strokes in, out and simulated."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import AUTHOR, Ignore, Labels, Project, opened
from app.cli.selection import chosen
from app.cli.terminal import progress, remark, say

cli = typer.Typer(help="Import, export or simulate strokes.", no_args_is_help=True)


class Kind(StrEnum):
    """What a simulated annotator draws."""

    SCRIBBLES = "scribbles"
    POINTS = "points"
    COARSE = "coarse"


@cli.command("import")
def import_strokes(
    project: Project,
    source: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of masks, or with strokes.json.")
    ],
    ignore: Ignore = None,
) -> None:
    """Take over strokes (JSON) or scribble, point and coarse masks (PNG of class ids)."""
    from app import labels

    with opened(project) as workspace, progress() as advance:
        report = labels.import_strokes(
            workspace, source, author=AUTHOR, ignore=ignore, on_progress=advance
        )
    for name in report.skipped:
        remark(f"skipped {name}: no frame has this name")
    say(f"{report.strokes} strokes on {report.frames} frames")


@cli.command("export")
def export_strokes(
    project: Project,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")],
) -> None:
    """Write all strokes as JSON, which `strokes import` reads."""
    from app import labels

    with opened(project) as workspace:
        report = labels.export_strokes(workspace, folder)
    say(f"{report.strokes} strokes of {report.frames} frames in {folder}")


@cli.command()
def simulate(
    project: Project,
    labels: Labels,
    ignore: Ignore = None,
    frames: Annotated[
        int | None, typer.Option(min=1, help="So many frames, evenly spread.")
    ] = None,
    frames_list: Annotated[
        Path | None, typer.Option(help="File with one frame per line: a name, or a place from 0.")
    ] = None,
    kind: Annotated[Kind, typer.Option(help="What is drawn.")] = Kind.SCRIBBLES,
    length: Annotated[
        float, typer.Option(min=1, max=100, help="Length of scribbles, in per cent.")
    ] = 100,
    width: Annotated[float, typer.Option(min=1, help="Brush diameter in pixels.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the annotator.")] = 0,
) -> None:
    """Draw as an annotator would who knows the dense labels: for experiments and demos."""
    if frames is not None and frames_list is not None:
        raise typer.BadParameter("give --frames or --frames-list, not both")
    from annotations import store
    from annotations.simulate import spread
    from app.simulate import draw_strokes

    with opened(project) as workspace, progress() as advance:
        with workspace.read() as conn:
            picked = [frame for frame in store.list_frames(conn) if not frame.reserved]
        if frames is not None:
            picked = [picked[place] for place in spread(len(picked), frames)]
        elif frames_list is not None:
            picked = chosen(picked, frames_list.read_text().splitlines())
        report = draw_strokes(
            workspace,
            labels,
            frames=picked,
            ignore=ignore,
            kind=kind.value,
            length=length / 100,
            width=width,
            seed=seed,
            on_progress=advance,
        )
    say(f"{report.strokes} strokes on {report.frames} frames, {report.share:.1%} of their pixels")
