from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from annotations import classes, store
from annotations.types import UNLABELLED, AnnotationError
from app.errors import StudioError
from app.truth import find_truth, label_files
from tests.app import samples
from tests.app.judged import write_labels


def _find(workspace, folder, **options):
    with workspace.read() as conn:
        frames = store.list_frames(conn)
        return find_truth(conn, folder, frames, **options), frames


def test_labels_are_found_by_the_frames_names(project, tmp_path):
    folder = write_labels(tmp_path / "labels", frames=(1, 3))
    (folder / "frame0.txt").write_text("not a label")
    truth, frames = _find(project, folder)
    assert set(truth.files) == {frames[1].frame_id, frames[3].frame_id}
    assert np.array_equal(truth.labels(frames[3]), samples.truth(3))
    assert truth.left_out == ()


def test_names_are_read_as_the_import_reads_them(project, tmp_path):
    folder = write_labels(tmp_path / "labels", frames=(0,))
    (folder / "frame0.png").rename(folder / "frame\n0.PNG")
    with project.read() as conn:
        frames = store.list_frames(conn)
    renamed = [replace(frames[0], name="frame_0"), *frames[1:]]
    assert set(label_files(folder, renamed)) == {frames[0].frame_id}


def test_ignored_values_and_255_mean_no_class(project, tmp_path):
    folder = write_labels(tmp_path / "labels", frames=(0,))
    labels = samples.truth(0)
    labels[:4], labels[4:8] = 11, 255
    Image.fromarray(labels).save(folder / "frame0.png")
    truth, frames = _find(project, folder, ignore=11)
    assert (truth.labels(frames[0])[:8] == UNLABELLED).all()
    assert np.array_equal(truth.labels(frames[0])[8:], samples.truth(0)[8:])


def test_an_unknown_id_is_named_with_its_file(project, tmp_path):
    folder = write_labels(tmp_path / "labels")
    labels = samples.truth(2)
    labels[0, :3] = 11
    Image.fromarray(labels).save(folder / "frame2.png")
    truth, frames = _find(project, folder)
    with pytest.raises(AnnotationError, match=r"frame2\.png: no class has the id 11 \(3 pixels\)"):
        truth.labels(frames[2])


def test_labels_of_another_size_are_named(project, tmp_path):
    folder = write_labels(tmp_path / "labels")
    Image.fromarray(samples.truth(0)[:, :32]).save(folder / "frame0.png")
    truth, frames = _find(project, folder)
    with pytest.raises(AnnotationError, match=r"frame0\.png: it is 32 x 48, its frame is 64 x 48"):
        truth.labels(frames[0])


def test_merged_and_deleted_classes_read_as_at_the_revision(project, tmp_path):
    folder = write_labels(tmp_path / "labels")
    with project.write() as conn:
        before = store.current_revision(conn)
        merged = classes.merge_class(conn, 1, 0, author="ann")
        classes.delete_class(conn, 2, author="ann")
        classes.add_class(conn, "young", (1, 2, 3), author="ann")
    truth, frames = _find(project, folder, revision=before)
    assert set(np.unique(truth.labels(frames[0]))) == {0, 1, 2}
    assert truth.left_out == ("young",)
    truth, _ = _find(project, folder, revision=merged)
    assert set(np.unique(truth.labels(frames[0]))) == {0, 2}
    truth, _ = _find(project, folder)
    assert set(np.unique(truth.labels(frames[0]))) == {0, UNLABELLED}
    assert truth.left_out == ("sky",)


def test_a_folder_without_any_of_the_frames_is_refused(project, tmp_path):
    with pytest.raises(StudioError, match=r"labels of none of the 4 frames; .* frame0\.png"):
        _find(project, tmp_path)
    with pytest.raises(StudioError, match=r"nowhere is not a folder"):
        _find(project, tmp_path / "nowhere")
