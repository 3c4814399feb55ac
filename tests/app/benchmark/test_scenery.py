from __future__ import annotations

import pytest
from sqlalchemy import update

from app import schema
from app.benchmark.rows import chosen
from app.benchmark.scenery import Scenery, find_scenery
from app.errors import StudioError
from app.scenes import activate
from app.workspace import Workspace
from tests.app.benchmark.planned import change_scene
from tests.app.fake_scene import fake_scene
from tests.app.scenery import make_scene

TRUSTED = [0.0] * 9 + [1.0]


def found(project: Workspace, *rows: str, real: int | None = None) -> Scenery:
    with project.read() as conn:
        return find_scenery(conn, chosen(rows), real=real)


def numbers(scenery: Scenery) -> dict[str, int]:
    return {kind: scene.number for kind, scene in scenery.by_geometry.items()}


def given_scene(project: Workspace, *, histogram: list[float]) -> int:
    number = make_scene(project)
    report = {"backend": "given", "frames": {"registered": 4}, "confidence_histogram": histogram}
    change_scene(project, number, report=report)
    return number


def test_rows_in_2d_need_no_scene(project: Workspace) -> None:
    scenery = found(project, "quick", "ce", "ema", "full", "ceiling")
    assert numbers(scenery) == {}
    assert scenery.identity is None
    assert scenery.of(chosen(["ema"])[0]) is None


def test_rows_in_3d_train_with_the_scene_in_use(project: Workspace) -> None:
    first, second = make_scene(project), make_scene(project)
    rows = ("recon", "no-weights", "single", "ema")
    scenery = found(project, *rows)
    assert numbers(scenery) == {"scene": second, "single": second}
    with project.write() as conn:
        activate(conn, first)
    other = found(project, *rows)
    assert numbers(other) == {"scene": first, "single": first}
    assert scenery.identity != other.identity


@pytest.mark.parametrize("row", ["recon", "single", "pred-only", "random-sampling"])
def test_without_a_scene_a_row_in_3d_says_how_to_get_one(project: Workspace, row: str) -> None:
    line = f"row '{row}' needs a scene with depth: make one with `rewis3d reconstruct`"
    with pytest.raises(StudioError, match=line):
        found(project, "ema", row)
    fake_scene(project)  # asked for, and not made yet
    with pytest.raises(StudioError, match=line):
        found(project, "ema", row)
    number = make_scene_without_frames(project)
    with project.read() as conn:
        assert find_scenery(conn, chosen(["ema"]), real=None).active is not None
    with pytest.raises(StudioError, match=line):
        found(project, row)
    assert number > 0


def make_scene_without_frames(project: Workspace) -> int:
    change_scene(project, 1, report={"frames": {"total": 4, "registered": 0}})
    with project.write() as conn:
        conn.execute(update(schema.project).values(active_scene=1))
    return 1


def test_single_takes_the_depth_of_a_monocular_backend_where_there_is_one(
    project: Workspace,
) -> None:
    monocular = make_scene(project)
    change_scene(project, monocular, config={"backend": "depth"})
    stereo = make_scene(project)
    assert numbers(found(project, "recon", "single")) == {"scene": stereo, "single": monocular}


def test_real3d_takes_the_scene_that_is_named(project: Workspace) -> None:
    exact = given_scene(project, histogram=TRUSTED)
    stereo = make_scene(project)
    scenery = found(project, "recon", "real3d", real=exact)
    assert numbers(scenery) == {"scene": stereo, "real": exact}
    assert scenery.active is not None
    assert scenery.active.number == stereo


def test_real3d_is_refused_without_given_depth(project: Workspace) -> None:
    with pytest.raises(StudioError, match="row 'real3d' needs --real-scene, a scene of given"):
        found(project, "real3d")
    with pytest.raises(StudioError, match="there is no scene 7"):
        found(project, "real3d", real=7)
    stereo = make_scene(project)
    with pytest.raises(StudioError, match=f"scene {stereo} has depth that was estimated"):
        found(project, "real3d", real=stereo)
    partly = given_scene(project, histogram=[0.0] * 8 + [0.1, 0.9])
    with pytest.raises(StudioError, match=f"scene {partly} has depth that was estimated"):
        found(project, "real3d", real=partly)
    waiting = fake_scene(project).number
    with pytest.raises(StudioError, match=rf"scene {waiting} has no depth \(it is queued\)"):
        found(project, "real3d", real=waiting)
