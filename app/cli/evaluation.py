"""Commands that predict and that compare predictions with labels."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.follow import finished
from app.cli.options import Ignore, Labels, Out, Project, RoundOption, opened
from app.cli.terminal import progress, say, write_json

SETS = ("same", "other", "reserved")


def predict(project: Project, out: Out, number: RoundOption = None) -> None:
    """Write the predictions of a round as PNGs of class ids, one for each frame."""
    from app import jobs, labels

    with opened(project) as workspace:
        run_id = jobs.start_predict(workspace, round_number=number)
        if run_id is not None:
            finished(workspace, run_id)
        count = labels.export_predictions(workspace, out, round_number=number)
    say(f"{count} predictions in {out}")


def evaluate(
    project: Project,
    labels: Labels,
    ignore: Ignore = None,
    number: RoundOption = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help='Write JSON; "-" is stdout.')
    ] = None,
) -> None:
    """Compare a round's predictions with dense labels: IoU per class and mIoU."""
    from app import evaluate as evaluation

    with opened(project) as workspace, progress() as advance:
        report = evaluation.evaluate(
            workspace, labels, ignore=ignore, round_number=number, on_progress=advance
        )
    if json is not None:
        write_json(asdict(report), json)
    if json is None or str(json) != "-":
        _say(report)


def _say(report) -> None:
    pass
