"""A full round from its job folder to its predictions: small frames, real networks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rewis3d import train
from rewis3d.checkpoint import WEIGHTS_FILE, load_checkpoint
from rewis3d.enlist import POINTS
from rewis3d.job import Job, read_job, write_job
from rewis3d.learning import loop
from rewis3d.learning.state import STATE_FILE
from rewis3d.models.segmenter import Segmenter
from rewis3d.presets import resolve, to_json
from rewis3d.reports import Done, Point, Progress, Published, Report, Scores
from rewis3d.rival import JUDGED
from rewis3d.types import Rewis3dError
from tests.rewis3d.data.job import make

SMALL = {
    "steps": "6",
    "points": "200",
    "grid": "0.5",
    "crop_height": "32",
    "crop_width": "40",
    "scale": "1.0",
    "hidden": "8",
    "cmc_start": "0.2",
    "tau": "0.5",
    "threads": "1",
    "temporal": "no",
    "fused": "no",
}
TRAINED = {"backbone": "trained", "point_features": "rgb", "labels": "strokes"}
TEMPORAL = {"temporal": "yes", "fused": "yes"}
FROZEN = {"backbone": "frozen", "point_features": "lifted", "labels": "grown"}


def round_of(root: Path, settings: Mapping[str, str], *, scene: bool = True) -> Path:
    """Write a round's job folder, and return it."""
    made = make(root / "clip")
    folder = root / "rounds" / "0001" / "job"
    folder.mkdir(parents=True)
    way = "../../../clip"

    def there(name: str | None) -> str | None:
        return name and f"{way}/{name}"

    views = [
        replace(
            view, image=f"{way}/{view.image}", labels=there(view.labels), judge=there(view.judge)
        )
        for view in made.job.views
    ]
    job = Job(
        task="train",
        views=tuple(views),
        classes=made.job.classes,
        config=to_json(resolve("cpu", {**SMALL, **settings})),
        seed=5,
        scene=f"{way}/scene" if scene else None,
        options={"round": "1", "preset": "cpu"},
    )
    write_job(job, folder)
    return folder


def points(reports: list[Report]) -> dict[tuple[str, int], float]:
    return {(one.series, one.step): one.value for one in reports if isinstance(one, Point)}


def weights(folder: Path) -> bytes:
    return (folder.parent / "model" / WEIGHTS_FILE).read_bytes()


@pytest.mark.parametrize("start", ["0", "0.5"])
@pytest.mark.parametrize("settings", [TRAINED, FROZEN], ids=["trained", "frozen"])
def test_the_frames_around_teach_from_when_the_teacher_was_asked(
    tmp_path: Path, settings: dict[str, str], start: str
) -> None:
    chosen = {**settings, **TEMPORAL, "temporal_start": start, "temporal_sure": "0"}
    folder = round_of(tmp_path, chosen)
    reports = list(train.run(folder))
    told = {step: value for (series, step), value in points(reports).items() if "temp" in series}
    assert min(told) == 1 + 6 * float(start)
    assert all(value > 0 for value in told.values())
    asked = [one for one in reports if isinstance(one, Progress) and "frames around" in one.stage]
    assert len(asked) == 4  # once, though steps that were made ahead are made anew
    assert not (folder.parent / "learning" / "temporal").exists()


def test_a_killed_round_that_was_told_goes_on_to_the_very_same_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    chosen = {**FROZEN, **TEMPORAL, "temporal_start": "0.4"}
    whole = round_of(tmp_path / "whole", chosen)
    expected = points(list(train.run(whole)))
    for step in (1, 4):  # before the teacher was asked, and after it
        cut = round_of(tmp_path / f"cut{step}", chosen)
        before = points(list(killed_at(cut, step)))
        after = points(list(train.run(cut)))
        assert before | after == expected
        assert weights(cut) == weights(whole)


@pytest.mark.parametrize("settings", [TRAINED, FROZEN], ids=["trained", "frozen"])
def test_a_round_learns_in_both_branches_and_predicts_every_frame(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    folder = round_of(tmp_path, settings)
    reports = list(train.run(folder))
    names = {series for series, _ in points(reports)}
    assert {"supervised, 2D", "consistency, 3D", "cross-modal, 2D", "cross-modal, 3D"} <= names
    assert all(np.isfinite(value) for value in points(reports).values())
    [scores] = [report for report in reports if isinstance(report, Scores)]
    assert scores.pixels > 0
    published = {report.frame_id for report in reports if isinstance(report, Published)}
    assert published == {view.frame_id for view in read_job(folder).views}
    assert isinstance(reports[-1], Done)
    network = load_checkpoint(folder.parent / "model").network
    assert isinstance(network, Segmenter)
    assert network.untouched == (settings == FROZEN)
    assert not (folder.parent / "learning" / STATE_FILE).exists()


def killed_at(folder: Path, step: int) -> Iterator[Report]:
    """Run until a step has been made, and leave it there."""
    for report in train.run(folder):
        yield report
        if isinstance(report, Progress) and (report.stage, report.done) == ("learning", step):
            return  # which closes it


def test_a_killed_round_goes_on_to_the_very_same_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    whole = round_of(tmp_path / "whole", FROZEN)
    expected = points(list(train.run(whole)))
    cut = round_of(tmp_path / "cut", FROZEN)
    before = points(list(killed_at(cut, 4)))
    assert (cut.parent / "learning" / STATE_FILE).exists()
    after = points(list(train.run(cut)))
    assert before | after == expected
    assert weights(cut) == weights(whole)


@pytest.mark.parametrize("more", [{}, {"temporal": "yes", "temporal_sure": "0"}])
def test_a_reserved_frame_tells_the_networks_nothing(tmp_path: Path, more: dict[str, str]) -> None:
    """Other pixels, other strokes and another depth in it, and not a bit of the weights changes."""
    found = []
    for poisoned in (False, True):
        folder = round_of(tmp_path / str(poisoned), FROZEN | more)
        job = read_job(folder)
        kept = 8
        views = [
            replace(view, labels=None, judge=None, reserved=True) if view.frame_id == kept else view
            for view in job.views
        ]
        write_job(replace(job, views=tuple(views)), folder)
        if poisoned:
            clip = folder.parents[2] / "clip"
            rng = np.random.default_rng(7)
            image = cv2.imread(str(clip / f"{kept}.png"))
            assert image is not None
            cv2.imwrite(str(clip / f"{kept}.png"), rng.integers(0, 256, image.shape, np.uint8))
            depth = clip / "scene" / "views" / f"{kept:06d}.depth.npy"
            np.save(depth, np.load(depth) * np.float16(0.5))
        reports = list(train.run(folder))
        assert kept in {one.frame_id for one in reports if isinstance(one, Published)}
        found.append((weights(folder), points(reports)))
    assert found[0] == found[1]


def test_without_a_scene_a_round_is_one_of_2d(tmp_path: Path) -> None:
    reports = list(train.run(round_of(tmp_path, FROZEN, scene=False)))
    assert not [series for series, _ in points(reports) if series.endswith("3D")]
    assert isinstance(reports[-1], Done)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    folder = round_of(tmp_path, TRAINED | {"model": "segformer", "weights": "none/such"})
    with pytest.raises(Rewis3dError, match="none/such"):
        list(train.run(folder))


def test_the_licence_of_weights_is_said_before_they_are_used(tmp_path: Path) -> None:
    folder = round_of(tmp_path, TRAINED | {"model": "segformer", "weights": "nvidia/mit-b4"})
    first = next(iter(train.run(folder)))
    assert isinstance(first, Progress)
    assert "nvidia/mit-b4, licence: " in first.stage
    assert "unknown" not in first.stage


def test_the_checkpoint_says_what_it_was_trained_with(tmp_path: Path) -> None:
    folder = round_of(tmp_path, FROZEN)
    list(train.run(folder))
    record = json.loads((folder.parent / "model" / "model.json").read_text())
    assert record["config"]["kind"] == "method"
    assert record["config"]["backbone"] == "frozen"
    assert record["origin"] == {"round": "1", "preset": "cpu"}


def test_a_round_begins_with_the_3d_network_of_an_earlier_one(tmp_path: Path) -> None:
    first = round_of(tmp_path / "one", FROZEN)
    list(train.run(first))
    cold, warm = (round_of(tmp_path / name, FROZEN) for name in ("cold", "warm"))
    job = read_job(warm)
    write_job(replace(job, start=os.path.relpath(first.parent, warm)), warm)
    found = {folder: points(list(train.run(folder))) for folder in (cold, warm)}
    supervised = ("supervised, 3D", 1)
    assert found[warm][supervised] < found[cold][supervised]
    assert ("cross-modal, 2D", 2) in found[warm]  # both branches are warm: no need to wait
    assert ("cross-modal, 2D", 2) not in found[cold]


@pytest.mark.parametrize("settings", [TRAINED, FROZEN], ids=["trained", "frozen"])
def test_what_is_kept_to_be_compared_has_not_learnt_what_judged_it(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    found = []
    for swapped in (False, True):
        folder = round_of(tmp_path / str(swapped), {**settings, "consistency": "0"})
        if swapped:
            swap_judging(folder)
        list(train.run(folder))
        kept = (f"{JUDGED}/{WEIGHTS_FILE}", f"{POINTS}/points.safetensors")
        found.append((weights(folder), *((folder.parent / name).read_bytes() for name in kept)))
    (model, judged, cloud), (other_model, other_judged, other_cloud) = found
    assert model != other_model
    assert judged == other_judged
    assert cloud == other_cloud


def swap_judging(folder: Path) -> None:
    """Give the pixels that judge the other class."""
    for view in read_job(folder).views:
        if view.labels is None or view.judge is None:
            continue
        labels, judge = (
            cv2.imread(str(folder / file), cv2.IMREAD_UNCHANGED)
            for file in (view.labels, view.judge)
        )
        assert labels is not None
        assert judge is not None
        labels[judge > 0] = 1 - labels[judge > 0]
        cv2.imwrite(str(folder / view.labels), labels)


def test_a_round_is_compared_with_the_judged_network_of_another(tmp_path: Path) -> None:
    active, folder = (round_of(tmp_path / name, FROZEN) for name in ("active", "now"))
    list(train.run(active))
    write_job(replace(read_job(folder), rival=os.path.relpath(active, folder)), folder)
    [scores] = [report for report in train.run(folder) if isinstance(report, Scores)]
    assert scores.no_rival is None
    assert scores.rival is not None
    assert scores.rival.pixels == scores.pixels
    assert scores.rival.own == scores.rival.miou == scores.miou  # it is the very same round
