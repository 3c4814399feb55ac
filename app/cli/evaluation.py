"""Commands that predict and that compare predictions with labels."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.follow import finished
from app.cli.options import Ignore, Labels, Out, Project, RoundOption, opened
from app.cli.terminal import progress, remark, say, write_json

if TYPE_CHECKING:
    from app.evaluate import Evaluation

NAMED = 3
"""Frames that a remark names; more are counted."""


def predict(project: Project, out: Out, number: RoundOption = None) -> None:
    """Write the predictions of a round as PNGs of class ids, one for each frame.

    Frames that the round has not predicted yet are predicted first.
    """
    from app import jobs, labels
    from app.archive import filling

    with opened(project) as workspace, filling(out) as folder:
        run_id = jobs.start_predict(workspace, round_number=number)
        if run_id is not None:
            finished(workspace, run_id)
        with progress() as advance:
            count = labels.export_predictions(
                workspace, folder, round_number=number, on_progress=advance
            )
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
    """Compare a round's predictions with dense labels: IoU per class, mIoU, accuracy."""
    from app.evaluate import evaluate as judge

    with opened(project) as workspace, progress() as advance:
        report = judge(workspace, labels, ignore=ignore, round_number=number, on_progress=advance)
    for names, why in (
        (report.unlabelled, "have no labels there"),
        (report.unpredicted, "are not predicted"),
    ):
        if names:
            more = "" if len(names) <= NAMED else ", ..."
            remark(f"{len(names)} frames {why}: {', '.join(names[:NAMED])}{more}")
    if report.left_out:
        remark(f"not judged, as the round does not have them: {', '.join(report.left_out)}")
    if json is not None:
        write_json(asdict(report), json)
    if json is None or str(json) != "-":
        for line in table(report):
            say(line)


def table(report: Evaluation) -> list[str]:
    """Return an evaluation for people: per cent by class and set, "-" where there is nothing."""
    sets = list(report.miou)
    wide = max(len(name) for name in (*report.classes, "accuracy"))
    rows = [
        ("frames", [str(report.frames[one]) for one in sets]),
        *((name, [_percent(report.iou[one][name]) for one in sets]) for name in report.classes),
        ("mIoU", [_percent(report.miou[one]) for one in sets]),
        ("accuracy", [_percent(report.accuracy[one]) for one in sets]),
    ]
    head = (f"round {report.round}", sets)
    return [
        f"{name:{wide}}" + "".join(f"{cell:>10}" for cell in cells) for name, cells in (head, *rows)
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
