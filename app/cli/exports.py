"""Commands that write labels and models for other programs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from app.cli.folders import check_free, copy_into
from app.cli.follow import finished
from app.cli.options import Out, Project, RoundOption, opened
from app.cli.terminal import say

cli = typer.Typer(help="Write labels or a model for other programs.", no_args_is_help=True)


class LabelFormat(StrEnum):
    """What labels are written as."""

    PNG = "png"
    STROKES = "strokes"


class ModelFormat(StrEnum):
    """What a model is written as."""

    HUGGINGFACE = "huggingface"
    ONNX = "onnx"


@cli.command()
def labels(
    project: Project,
    out: Out,
    format: Annotated[LabelFormat, typer.Option("--format", help="What to write.")],  # noqa: A002 - the option's name
) -> None:
    """Write what was drawn: masks of class ids with a palette, or strokes as JSON."""


@cli.command()
def model(
    project: Project,
    out: Out,
    format: Annotated[ModelFormat, typer.Option("--format", help="What to write.")],  # noqa: A002 - the option's name
    number: RoundOption = None,
) -> None:
    """Write a round's model: weights, classes, a model card, and a script that runs it."""
    from app import jobs

    with opened(project) as workspace:
        check_free(out)
        run_id = jobs.start_export(workspace, format=format.value, round_number=number)
        finished(workspace, run_id)
        copy_into(workspace.path(f"exports/{run_id}"), out)
    say(f"model in {out}")
