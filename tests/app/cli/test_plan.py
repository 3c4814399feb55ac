"""`rewis3d reconstruct PROJECT --plan`."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app import scenes
from app.cli.main import main
from app.cli.plan import duration, lines
from app.workspace import Workspace
from rewis3d.reconstruct.forecast import Forecast
from tests.app.cli.conftest import Refused

LONG = Forecast(
    "colmap",
    900,
    ((0, 313), (294, 606), (587, 899)),
    {"features": 30.0, "mapping": 600.0, "measuring depth": 7200.0},
    870_000_000,
    2_500_000_000,
)


def test_a_plan_is_said_and_starts_nothing(
    project: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reconstruct", str(project.root), "--plan", "--backend", "colmap"]) == 0
    first, time, memory, disk = capsys.readouterr().out.splitlines()
    assert first == "4 frames by colmap, at once"
    assert time.startswith("time: about 0 s on ")
    assert memory.startswith("memory: about 0.")
    assert disk == "disk: about 0.0 GB while it runs"
    with project.read() as conn:
        assert scenes.list_scenes(conn) == []


def test_a_plan_as_json(project: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconstruct", str(project.root), "--plan", "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["backend"], told["frames"], told["chunks"]) == ("colmap", 4, [[0, 3]])
    assert set(told["seconds"]) >= {"features", "matching", "mapping", "measuring depth"}
    assert told["estimated_seconds"] == pytest.approx(sum(told["seconds"].values()), abs=0.5)


def test_chunks_of_a_long_clip_are_listed() -> None:
    stages = "features 30 s, mapping 10 min, measuring depth 2 h 0 min"
    assert list(lines(LONG, 2)) == [
        "900 frames by colmap, in 3 chunks",
        "chunks: frames 0-313, 294-606, 587-899; they may move where the film is cut",
        f"time: about 2 h 10 min on 2 threads ({stages})",
        "memory: about 0.9 GB, however many chunks there are",
        "disk: about 2.5 GB while it runs",
    ]
    many = replace(LONG, chunks=tuple((at, at + 9) for at in range(20)))
    assert next(iter(list(lines(many, 1))[1:])).startswith("time:")


def test_of_a_network_no_time_is_made_up() -> None:
    network = replace(LONG, backend="mapanything", seconds={}, memory_bytes=None)
    told = list(lines(network, 1))
    assert told[2].startswith("time: known once the network")
    assert not any(line.startswith("memory") for line in told)


def test_a_plan_goes_with_no_other_act(project: Workspace, refused: Refused) -> None:
    assert main(["reconstruct", str(project.root), "--plan", "--list"]) == 2
    assert (
        refused("reconstruct", project.root, "--plan", "--given", "gone") == "gone does not exist"
    )


def test_durations_are_in_the_unit_people_use() -> None:
    assert [duration(s) for s in (4.4, 89.0, 91.0, 3600.0, 5400.0, 7260.0)] == [
        "4 s", "89 s", "2 min", "60 min", "1 h 30 min", "2 h 1 min",
    ]  # fmt: skip
