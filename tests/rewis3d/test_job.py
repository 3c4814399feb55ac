"""A job folder says the same to the child as the studio wrote into it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewis3d.job import JOB_FILE, Job, View, read_job, write_job
from rewis3d.types import ClassSpec, Rewis3dError

JOB = Job(
    task="quick",
    views=(
        View(3, "../../frames/a.jpg", 48, 64, labels="labels/3.png", judge="judge/3.png"),
        View(1, "../../frames/b.jpg", 48, 64),
    ),
    classes=(ClassSpec(7, "straße", (1, 2, 3)), ClassSpec(2, "sky", (4, 5, 6), False)),
    config={"steps": 20},
    seed=5,
    options={"format": "onnx"},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_job(JOB, tmp_path)
    assert read_job(tmp_path) == JOB
    assert [path.name for path in tmp_path.iterdir()] == [JOB_FILE]


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields.pop("task"),
        lambda fields: fields.pop("views"),
        lambda fields: fields.update(speed=3),
        lambda fields: fields["views"][0].pop("height"),
    ],
    ids=["no task", "no views", "unknown field", "half a view"],
)
def test_another_shape_is_refused(tmp_path: Path, change) -> None:
    write_job(JOB, tmp_path)
    fields = json.loads((tmp_path / JOB_FILE).read_text())
    change(fields)
    (tmp_path / JOB_FILE).write_text(json.dumps(fields))
    with pytest.raises(Rewis3dError, match="not a job folder"):
        read_job(tmp_path)


@pytest.mark.parametrize("text", [None, "", "{"])
def test_no_job_at_all_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / JOB_FILE).write_text(text)
    with pytest.raises(Rewis3dError, match=f"{tmp_path}: not a job folder"):
        read_job(tmp_path)
