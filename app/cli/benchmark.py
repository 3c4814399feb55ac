"""The command that compares the parts of the method in a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import Ignore, Labels, Project, Settings, chosen_settings, opened
from app.cli.strokes import Kind
from app.cli.terminal import progress, remark, say, write_json

if TYPE_CHECKING:
    from app.benchmark.plan import Wish
    from app.benchmark.report import Report
    from app.benchmark.result import Result
    from app.workspace import Workspace

TABLE, PLOT = "table.md", "plot.svg"


def benchmark(
    project: Project,
    labels: Labels,
    ignore: Ignore = None,
    rows: Annotated[
        str, typer.Option(metavar="ROW,ROW,...", help="Which rows; a wrong one names all.")
    ] = "quick,ce,ema,recon,full",
    frames: Annotated[
        int, typer.Option(min=1, help="So many frames with strokes, evenly spread.")
    ] = 12,
    seeds: Annotated[int, typer.Option(min=1, help="So many seeds for each row.")] = 3,
    preset: Annotated[
        str, typer.Option(help="Settings of the rows: cpu, interactive, paper or released.")
    ] = "cpu",
    overrides: Settings = None,
    kind: Annotated[Kind, typer.Option(help="What is drawn.")] = Kind.SCRIBBLES,
    length: Annotated[
        float, typer.Option(min=1, max=100, help="Length of scribbles, in per cent.")
    ] = 100,
    real_scene: Annotated[
        int | None, typer.Option(metavar="SCENE", help="Scene of given depth, for row real3d.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help='Write JSON; "-" is stdout.')
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where table and plot go; beside the cells where left out.")
    ] = None,
) -> None:
    """Train on simulated strokes with parts of the method left out, and compare the scores.

    Each row is trained once for each seed. What is finished is kept with the project: the same
    command goes on where it was stopped. The project's own strokes take no part.
    """
    from app.benchmark.plan import Wish

    wish = Wish(
        labels=labels,
        rows=[name.strip() for name in rows.split(",") if name.strip()],
        frames=frames,
        seeds=seeds,
        preset=preset,
        overrides=chosen_settings(overrides),
        ignore=ignore,
        kind=kind.value,
        length=length / 100,
        real_scene=real_scene,
    )
    with opened(project) as workspace:
        report, cells = _made(workspace, wish)
    _write(report, out or cells)
    _say(report, json)


def _made(workspace: Workspace, wish: Wish) -> tuple[Report, Path]:
    """Make what is missing and return the report, and the folder of the cells."""
    from app import environment
    from app.benchmark import report
    from app.benchmark.cell import home
    from app.benchmark.plan import make_plan
    from app.benchmark.run import run

    found = environment.examine()  # before there is any load of our own
    with progress() as advance:
        plan = make_plan(workspace, wish, on_progress=advance)
        try:
            results = run(workspace, plan, environment=found, advance=advance, on_cell=_announce)
        except KeyboardInterrupt:
            remark("stopped; the same command goes on with what is there")
            raise
    title = f"Benchmark of {workspace.root.name}"
    told = report.about(plan, results)
    return report.Report(title, told, found, results), home(workspace, plan)


def _announce(result: Result) -> None:
    other = result.miou["other"]
    score = "nothing to judge" if other is None else f"mIoU {100 * other:.1f} % on other frames"
    remark(f"{result.name}-{result.seed}: {score}, {result.seconds:.0f} s")


def _write(report: Report, folder: Path) -> None:
    """Write the table and the plot, each complete or not at all."""
    from app.benchmark.plot import svg
    from app.benchmark.report import lines

    table = "\n".join(lines(report)) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ((TABLE, table), (PLOT, svg(report.title, report.results))):
        aside = folder / f"{name}.partial"
        aside.write_text(text)
        aside.replace(folder / name)


def _say(report: Report, json: Path | None) -> None:
    from app.benchmark.report import lines, to_json

    if json is not None:
        write_json(to_json(report), json)
    if json is None or str(json) != "-":
        for line in lines(report):
            say(line)
