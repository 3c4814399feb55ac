"""The command line: every command by name, and the one door through which errors leave."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from app.cli import (
    benchmark,
    classes,
    door,
    evaluation,
    exports,
    machine,
    project,
    reconstruction,
    rounds,
    strokes,
    training,
)

cli = typer.Typer(
    name="rewis3d",
    help="Label video with scribbles, train in the background, leave with a 2D model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

START, LABEL, TRAIN, TAKE = "Start", "Label", "Train", "Take away"

cli.command(rich_help_panel=START)(project.demo)
cli.command(rich_help_panel=START)(project.new)
cli.command(rich_help_panel=START)(reconstruction.reconstruct)
cli.command(rich_help_panel=START)(project.annotate)
cli.command(rich_help_panel=START)(project.worker)
cli.command(rich_help_panel=START)(machine.doctor)
cli.add_typer(strokes.cli, name="strokes", rich_help_panel=LABEL)
cli.add_typer(classes.cli, name="classes", rich_help_panel=LABEL)
cli.command(rich_help_panel=LABEL)(project.reserve)
cli.command(rich_help_panel=TRAIN)(training.train)
cli.command("rounds", rich_help_panel=TRAIN)(rounds.history)
cli.command(rich_help_panel=TRAIN)(training.cancel)
cli.command(rich_help_panel=TRAIN)(training.resume)
cli.command(rich_help_panel=TRAIN)(rounds.activate)
cli.command(rich_help_panel=TRAIN)(benchmark.benchmark)
cli.command(rich_help_panel=TAKE)(evaluation.predict)
cli.command(rich_help_panel=TAKE)(evaluation.evaluate)
cli.add_typer(exports.cli, name="export", rich_help_panel=TAKE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 wrong usage, 1 anything else.

    `arguments` are those after the program's name; the process's own where None.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    return door.run(lambda: cli(args=given, prog_name="rewis3d"))
