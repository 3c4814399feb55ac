"""Samples of a job: pure functions of seed, step and view, true to the frames and to the scene."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rewis3d.batch import Batch
from rewis3d.data.training import TrainingData
from rewis3d.job import View
from rewis3d.lifting import lift
from rewis3d.material import Sampling
from rewis3d.method import MethodConfig, Run
from rewis3d.types import IGNORED, UNLABELLED, PointCloud, Rewis3dError, ViewSample
from tests.rewis3d.data.job import CONFIG, HEIGHT, LABELLED, LONE, SCALE, WIDTH, Made, make
from tests.rewis3d.sampling.street import FRAMES

WHOLE = replace(CONFIG, sampling=Sampling(points=100_000))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("job"))


def data_of(
    made: Made,
    config: MethodConfig = CONFIG,
    *,
    without_judge: bool = False,
    reserved: tuple[int, ...] = (),
) -> TrainingData:
    return TrainingData(
        made.job,
        made.folder,
        config,
        scene=made.scene,
        without_judge=without_judge,
        reserved=reserved,
    )


def view_sample(data: TrainingData, frame: int, *, epoch: int = 0) -> ViewSample:
    frames = [view.frame_id for view in data.views]
    return data.view_sample(frames.index(frame), epoch=epoch)


def cloud_of(sample: ViewSample) -> PointCloud:
    assert sample.cloud is not None
    return sample.cloud


def assert_equal(one: Batch, other: Batch) -> None:
    for field in fields(Batch):
        first, second = getattr(one, field.name), getattr(other, field.name)
        assert first is second is None or torch.equal(first, second), field.name


def test_a_view_is_its_frame_and_its_cloud(made: Made) -> None:
    data = data_of(made, WHOLE)
    scene = made.scene.scenes()[0]
    for frame in FRAMES:
        sample, view = view_sample(data, frame), scene.view(frame)
        assert view is not None
        none = np.full((HEIGHT, WIDTH), UNLABELLED, np.uint8)
        assert np.array_equal(sample.image, made.images[frame])
        assert np.array_equal(sample.labels, made.labels.get(frame, none))
        cloud = cloud_of(sample)
        assert set(cloud.frame) == set(FRAMES)
        for other in FRAMES:  # labels and colours of points are those of their own frames
            of_other = cloud.frame == other
            row, column = cloud.rc[of_other].T
            geometry = next(v.geometry for v in scene.views if v.frame_id == other)
            lifted = lift(made.labels.get(other, none), geometry)
            assert np.array_equal(cloud.labels[of_other], lifted[row, column])
            small = cv2.resize(
                made.images[other], None, fx=1 / SCALE, fy=1 / SCALE, interpolation=cv2.INTER_AREA
            )
            difference = cloud.rgb[of_other].astype(int) - small[row, column]
            assert np.abs(difference).max() <= 1
        x, y = np.floor(sample.pair_xy).astype(int).T
        assert np.array_equal(cloud.rc[sample.pair_point], np.stack([y, x], axis=1) // SCALE)
        assert (cloud.frame[sample.pair_point] == frame).all()


def test_labelled_points_of_other_views_are_preferred_where_they_are_wanted(made: Made) -> None:
    def known(share: float) -> int:
        sampling = Sampling(points=150, own_share=0.2, labelled_share=share)
        data = data_of(made, replace(CONFIG, sampling=sampling))
        clouds = [cloud_of(view_sample(data, frame)) for frame in FRAMES]
        assert [len(cloud.xyz) for cloud in clouds] == [150] * len(FRAMES)
        return sum(
            int(((cloud.frame != frame) & (cloud.labels < IGNORED)).sum())
            for frame, cloud in zip(FRAMES, clouds, strict=True)
        )

    assert known(1.0) > 1.5 * known(0.0) > 0


def test_a_frame_without_geometry_has_no_cloud(made: Made) -> None:
    sample = view_sample(data_of(made), LONE)
    assert sample.cloud is None
    assert len(sample.pair_point) == len(sample.pair_xy) == 0
    assert np.array_equal(sample.labels, made.labels[LONE])


def test_without_a_scene_no_view_has_a_cloud(made: Made) -> None:
    data = TrainingData(made.job, made.folder, CONFIG, scene=None, without_judge=False)
    batch = data.batch(0, 4)
    assert not batch.has_cloud.any()
    assert len(batch.xyz) == len(batch.pair_point) == 0
    # and the images are those that it would have had with one
    assert torch.equal(batch.rgb_student, data_of(made).batch(0, 4).rgb_student)


def test_judging_labels_are_left_out_of_everything(made: Made) -> None:
    data = data_of(made, WHOLE, without_judge=True)
    geometries = {view.frame_id: view.geometry for view in made.scene.scenes()[0].views}
    sample = view_sample(data, 3)
    assert (sample.labels[made.judges[3]] == IGNORED).all()
    cloud = cloud_of(sample)
    for frame in (3, 8):
        labels = np.where(made.judges[frame], IGNORED, made.labels[frame])
        row, column = cloud.rc[cloud.frame == frame].T
        expected = lift(labels, geometries[frame])[row, column]
        assert np.array_equal(cloud.labels[cloud.frame == frame], expected)
        assert (expected == IGNORED).any()
    # another training learns them
    assert IGNORED not in view_sample(data_of(made, WHOLE), 3).labels
    assert IGNORED not in cloud_of(view_sample(data_of(made, WHOLE), 3)).labels


def test_no_pair_of_a_batch_has_an_ignored_end(made: Made) -> None:
    batch = data_of(made, WHOLE, without_judge=True).batch(0, 8)
    assert (batch.labels == IGNORED).any()
    assert (batch.point_labels == IGNORED).any()
    assert len(batch.pair_pixel) > 0
    assert IGNORED not in batch.labels.reshape(-1)[batch.pair_pixel]
    assert IGNORED not in batch.point_labels[batch.pair_point]


def test_of_a_reserved_frame_nothing_enters_a_batch(made: Made) -> None:
    data = data_of(made, WHOLE, reserved=(5, LONE))
    assert [view.frame_id for view in data.views] == [3, 8]
    for step in range(3):
        batch = data.batch(step, 2)
        assert set(batch.frame.tolist()) == {3, 8}
    assert set(cloud_of(view_sample(data, 3)).frame) == {3, 8}


def test_frames_without_labels_are_trained_on_where_they_are_wanted(made: Made) -> None:
    labelled = data_of(made, replace(CONFIG, run=Run(frames="labelled")))
    assert [view.frame_id for view in labelled.views] == sorted(LABELLED)
    assert [view.frame_id for view in data_of(made).views] == [3, 4, 5, 8]
    # their points are there all the same
    assert 5 in cloud_of(view_sample(labelled, 3)).frame
    with pytest.raises(Rewis3dError, match="no frame is left"):
        data_of(made, reserved=(3, 4, 5, 8))


def test_what_is_learnt_does_not_depend_on_the_frame_that_was_open(made: Made) -> None:
    job = replace(made.job, views=tuple(reversed(made.job.views)))
    assert_equal(data_of(made).batch(1, 3), data_of(replace(made, job=job)).batch(1, 3))


def test_every_view_comes_once_in_an_epoch(made: Made) -> None:
    data = data_of(made)
    turns = [turn for step in range(8) for turn in data.turns.of_step(step, 3)]
    counts = Counter((turn.epoch, turn.view) for turn in turns)
    assert counts == Counter((epoch, view) for epoch in range(6) for view in range(4))


def test_so_many_views_of_each_step_have_labels_as_are_wanted(made: Made) -> None:
    data = data_of(made, replace(CONFIG, run=Run(frames="all", labelled_views=0.5)))
    for step in range(6):
        frames = data.batch(step, 2).frame.tolist()
        assert [frame in LABELLED for frame in frames] == [True, False]


def test_a_resumed_training_gets_the_very_same_batches(made: Made) -> None:
    first = data_of(made)
    for step in (0, 1):
        first.batch(step, 3)
    assert_equal(first.batch(2, 3), data_of(made).batch(2, 3))


def differs(one: ViewSample, other: ViewSample) -> bool:
    return not np.array_equal(cloud_of(one).rc, cloud_of(other).rc)


def test_points_are_drawn_anew_for_each_epoch_or_once(made: Made) -> None:
    data = data_of(made)
    assert not differs(view_sample(data, 3, epoch=1), view_sample(data, 3, epoch=1))
    assert differs(view_sample(data, 3, epoch=1), view_sample(data, 3, epoch=2))
    once = data_of(made, replace(CONFIG, sampling=replace(CONFIG.sampling, resample="once")))
    assert not differs(view_sample(once, 3, epoch=1), view_sample(once, 3, epoch=2))
    assert not differs(view_sample(once, 3, epoch=7), view_sample(data, 3, epoch=0))


def test_seed_and_step_change_what_is_seen(made: Made) -> None:
    data = data_of(made)
    one, again, later = (data.sample(step, 0, epoch=0) for step in (4, 4, 5))
    assert np.array_equal(one.image_student, again.image_student)
    assert not np.array_equal(one.image_student, later.image_student)
    assert np.array_equal(cloud_of(one.view).rc, cloud_of(later.view).rc)
    other = data_of(replace(made, job=replace(made.job, seed=6))).sample(4, 0, epoch=0)
    assert not np.array_equal(one.image_student, other.image_student)
    assert differs(one.view, other.view)


def test_no_two_draws_share_their_chance(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []
    generator = np.random.default_rng

    def listen(seed: list[int]) -> np.random.Generator:
        asked.append(tuple(map(int, seed)))
        return generator(seed)

    monkeypatch.setattr(np.random, "default_rng", listen)
    data = data_of(made)
    for step in range(4):
        for turn in data.turns.of_step(step, 4):
            data.sample(step, turn.view, epoch=turn.epoch)
    # in each of four steps the order, three views with geometry, and four images
    assert len(set(asked)) == len(asked) == 4 * (1 + 3 + 4)


def test_pairs_of_a_batch_show_one_place(made: Made) -> None:
    """A pair's pixel lies where its point's cell is, to a pixel of the crop."""
    config = replace(
        WHOLE,
        image=replace(CONFIG.image, flip=0.0, resize_least=1.0, resize_most=1.0, aspect=0.0),
    )
    sample = data_of(made, config).sample(0, 0, epoch=0)
    cloud = cloud_of(sample.view)
    at = cloud.rc[sample.view.pair_point][:, ::-1] * SCALE + SCALE / 2
    shift = at - sample.view.pair_xy
    assert np.ptp(shift, axis=0) == pytest.approx([0, 0])  # the crop's corner
    left, top = shift[0].astype(int)
    window = made.images[3][top : top + 16, left : left + 20]
    assert np.array_equal(sample.view.image, window)


def test_features_are_asked_for_each_cloud(made: Made) -> None:
    def features(cloud: PointCloud) -> np.ndarray:
        return np.stack([cloud.frame, *cloud.rc.T], axis=1).astype(np.float32)

    data = TrainingData(
        made.job, made.folder, CONFIG, scene=made.scene, without_judge=False, features=features
    )
    batch = data.batch(0, 4)
    assert batch.features is not None
    assert batch.features.shape == (len(batch.xyz), 3)
    assert set(batch.features[:, 0].tolist()) <= set(FRAMES)


def test_a_scene_that_is_not_finished_is_named(made: Made, tmp_path: Path) -> None:
    other = make(tmp_path)
    (tmp_path / "scene" / "views" / "000005.depth.npy").unlink()
    with pytest.raises(Rewis3dError, match=r"000005\.depth\.npy"):
        data_of(other)


def test_nothing_is_left_in_the_job_s_folder(made: Made) -> None:
    before = sorted(made.folder.iterdir())
    data_of(made).batch(0, 2)
    assert sorted(made.folder.iterdir()) == before


def test_whole_frames_of_several_sizes_come_one_at_a_time(tmp_path: Path) -> None:
    made = make(tmp_path)
    first, *others = made.job.views
    assert cv2.imwrite(str(tmp_path / "small.png"), np.zeros((HEIGHT // 2, WIDTH, 3), np.uint8))
    small = View(99, "small.png", HEIGHT // 2, WIDTH)
    mixed = replace(made, job=replace(made.job, views=(first, *others, small)))
    whole = replace(CONFIG, image=replace(CONFIG.image, framing="whole"))
    with pytest.raises(Rewis3dError, match="batch=1"):
        data_of(mixed, whole)
    data = data_of(mixed, replace(whole, run=replace(whole.run, batch=1, micro_batch=1)))
    shapes = {data.batch(step, 1).labels.shape[1:] for step in range(len(data.views))}
    assert shapes == {(HEIGHT, WIDTH), (HEIGHT // 2, WIDTH)}
