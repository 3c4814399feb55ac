"""The palette by command: the same rows and events as by the browser."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annotations.classes import classes_at
from app import events
from app.cli.main import main
from app.workspace import Workspace
from tests.app import samples


def run(workspace: Workspace, command: str, *arguments: str) -> int:
    return main(["classes", command, str(workspace.root), *arguments])


def names(workspace: Workspace) -> list[str]:
    with workspace.read() as conn:
        return [label.name for label in classes_at(conn).classes]


def test_list(project: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "   0  #804080  ground",
        "   1  #400080  thing",
        "   2  #808080  sky  (no geometry)",
    ]


def test_list_for_programs(project: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "list", "--json") == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert rows[2] == {"id": 2, "name": "sky", "colour": "#808080", "has_geometry": False}


def test_add(project: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "add", "haze", "#0a0B0c", "--no-geometry") == 0
    assert capsys.readouterr().out == "class 3: haze\n"
    with project.read() as conn:
        added = classes_at(conn).classes[-1]
    assert (added.class_id, added.colour, added.has_geometry) == (3, (10, 11, 12), False)


def test_rename_and_recolour_by_name_or_id(project: Workspace) -> None:
    assert run(project, "rename", "ground", "road") == 0
    assert run(project, "recolour", "1", "ff0000") == 0
    with project.read() as conn:
        living = classes_at(conn).classes
    assert living[0].name == "road"
    assert living[1].colour == (255, 0, 0)


def test_geometry(project: Workspace) -> None:
    assert run(project, "geometry", "thing", "--off") == 0
    assert run(project, "geometry", "sky") == 0
    with project.read() as conn:
        assert [label.has_geometry for label in classes_at(conn).classes] == [True, False, True]


def test_merge_delete_and_restore(project: Workspace) -> None:
    assert run(project, "merge", "thing", "ground") == 0
    assert run(project, "delete", "sky") == 0
    assert names(project) == ["ground"]
    assert run(project, "restore", "1") == 0
    assert run(project, "restore", "sky") == 0
    assert names(project) == ["ground", "thing", "sky"]


def test_strokes_outlive_what_happens_to_their_class(project: Workspace) -> None:
    samples.label_all(project)
    frame = samples.frame_ids(project)[0]
    from annotations import store

    with project.read() as conn:
        before = store.strokes_at(conn, frame)
    for words in (["delete", "sky"], ["restore", "2"], ["merge", "thing", "sky"], ["restore", "1"]):
        assert run(project, *words) == 0
    with project.read() as conn:
        after = store.strokes_at(conn, frame)
    assert [one.uuid for one in after] == [one.uuid for one in before]
    assert [one.class_id for one in after] == [one.class_id for one in before]


def test_every_change_is_an_event(project: Workspace) -> None:
    with project.read() as conn:
        before = events.latest(conn)
    run(project, "add", "haze", "#0a0b0c")
    with project.read() as conn:
        new = events.after(conn, before)
        revision = max(event.payload["revision"] for event in new)
    assert [event.kind for event in new] == ["class"]
    assert revision > 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["rename", "trees", "tree"], "no class is called 'trees'; there are: ground, thing, sky"),
        (["rename", "sky", "Ground"], "there is a class 'ground' already"),
        (["merge", "sky", "sky"], "class 'sky' can't be merged into itself"),
        (["restore", "sky"], "class 'sky' is neither deleted nor merged"),
        (["restore", "7"], "no class was ever called '7'"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    project: Workspace, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    before = names(project)
    assert run(project, *words) == 1
    assert capsys.readouterr() == ("", f"rewis3d: {line}\n")
    assert names(project) == before


def test_a_colour_that_is_none_is_wrong_usage(
    project: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, "add", "haze", "greenish") == 2
    assert "'greenish' is not a colour; write it as #rrggbb" in capsys.readouterr().err
    assert names(project) == ["ground", "thing", "sky"]
