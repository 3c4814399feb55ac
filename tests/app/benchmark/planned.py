"""Plans on the small project, and their cells made by tests/app/benchmark/learner.py."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import update

from app.benchmark.cell import Cell, cells
from app.benchmark.plan import Plan, Wish, make_plan
from app.benchmark.result import Result
from app.benchmark.run import run
from app.environment import Environment
from app.schema import scenes
from app.workspace import Workspace
from tests.app.samples import FRAMES
from tests.app.scenery import make_scene

LEARNER: Final = (sys.executable, "-P", str(Path(__file__).with_name("learner.py")))
HERE: Final = Environment("0123456789ab", "a processor", 2, 0.1)


def silent(*_: object, **__: object) -> None:
    """Take progress and say nothing."""


def wish(
    labels: Path,
    *rows: str,
    frames: int = 1,
    seeds: int = 1,
    preset: str = "cpu",
    overrides: Mapping[str, str] | None = None,
    ignore: int | None = None,
    kind: str = "scribbles",
    length: float = 1.0,
    real_scene: int | None = None,
) -> Wish:
    return Wish(
        labels=labels,
        rows=rows or ("ema",),
        frames=frames,
        seeds=seeds,
        preset=preset,
        overrides=overrides or {},
        ignore=ignore,
        kind=kind,
        length=length,
        real_scene=real_scene,
    )


def planned(workspace: Workspace, wanted: Wish) -> Plan:
    return make_plan(workspace, wanted, on_progress=silent)


def made(
    workspace: Workspace, plan: Plan, *, told: list[str] | None = None, here: Environment = HERE
) -> list[Result]:
    """Make what is missing; `told` gets the names of the cells that were made now."""
    names = [] if told is None else told
    return run(
        workspace,
        plan,
        environment=here,
        advance=silent,
        on_cell=lambda result: names.append(f"{result.name}-{result.seed}"),
        command=LEARNER,
    )


def only_cell(workspace: Workspace, plan: Plan) -> Cell:
    (cell,) = cells(workspace, plan)
    return cell


def change_scene(workspace: Workspace, number: int, **columns: Any) -> None:
    """Write other values into a scene's row."""
    with workspace.write() as conn:
        conn.execute(update(scenes).where(scenes.c.number == number).values(**columns))


def make_reported_scene(workspace: Workspace) -> int:
    """Make a scene whose report says what made it, as a real one does; return its number."""
    number = make_scene(workspace)
    frames = {"total": FRAMES, "registered": FRAMES}
    change_scene(workspace, number, report={"backend": "colmap", "frames": frames})
    return number


def result(
    name: str,
    seed: int = 0,
    other: float | None = 0.5,
    *,
    same: float | None = 0.6,
    reserved: float | None = None,
    classes: Mapping[str, float | None] | None = None,
    seconds: float = 10.0,
    peak_memory_bytes: int = 1 << 30,
    environment: Environment = HERE,
) -> Result:
    """Return a result with these scores."""
    sets: Sequence[tuple[str, float | None]] = (
        ("same", same),
        ("other", other),
        ("reserved", reserved),
    )
    by_class = {"ground": other, "sky": other} if classes is None else dict(classes)
    return Result(
        name=name,
        seed=seed,
        miou=dict(sets),
        iou={key: dict(by_class) for key, _ in sets},
        accuracy=dict(sets),
        frames={"same": 1, "other": 2, "reserved": 0},
        drawn_share=0.05,
        seconds=seconds,
        peak_memory_bytes=peak_memory_bytes,
        config={"steps": 20},
        scene=None,
        environment=environment,
    )
