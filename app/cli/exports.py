"""Commands that write labels and models for other programs."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.follow import finished
from app.cli.options import Out, Project, RoundOption, opened
from app.cli.terminal import progress, say

cli = typer.Typer(help="Write labels or a model for other programs.", no_args_is_help=True)


class LabelFormat(StrEnum):
    """What labels are written as."""

    PNG = "png"
    STROKES = "strokes"


class ModelFormat(StrEnum):
    """What a model is written as."""

    HUGGINGFACE = "huggingface"
    ONNX = "onnx"
    TORCH_EXPORT = "torch-export"


@cli.command()
def labels(
    project: Project,
    out: Out,
    format: Annotated[LabelFormat, typer.Option("--format", help="What to write.")],  # noqa: A002 - the option's name
    number: RoundOption = None,
) -> None:
    """Write masks of class ids (strokes over the predictions of a round), or strokes as JSON."""
    from app.labels import export_labels

    with opened(project) as workspace, progress() as advance:
        report = export_labels(
            workspace, out, format=format.value, round_number=number, on_progress=advance
        )
    if format is LabelFormat.STROKES:
        say(f"{report.strokes} strokes of {report.frames} frames in {out}")
    else:
        say(f"labels of {report.frames} frames in {out}, {report.predicted} with a prediction")


@cli.command()
def model(
    project: Project,
    out: Out,
    format: Annotated[ModelFormat, typer.Option("--format", help="What to write.")],  # noqa: A002 - the option's name
    number: RoundOption = None,
) -> None:
    """Write a round's model: weights, classes, a model card, and a script that runs it."""
    from app import jobs
    from app.archive import filling

    with opened(project) as workspace, filling(out) as folder:
        run_id = jobs.start_export(workspace, format=format.value, round_number=number)
        finished(workspace, run_id)
        _copy(workspace.path(f"exports/{run_id}"), folder)
    say(f"model in {out}")


def _copy(source: Path, folder: Path) -> None:
    """Copy files one by one: copytree would hide a full disk in an error of its own."""
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        target = folder / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
