"""A quick round on a GPU does what it does on a CPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewis3d import quick
from rewis3d.reports import Done, Scores
from tests.rewis3d import quick_job

pytestmark = pytest.mark.gpu


def test_a_round_on_a_gpu_predicts_what_the_cpu_does(tmp_path: Path) -> None:
    folders = {name: quick_job.make(tmp_path / name, device=name) for name in ("cuda", "cpu")}
    reports = {name: list(quick.run(folder)) for name, folder in folders.items()}
    assert isinstance(reports["cuda"][-1], Done)
    (scores,) = [report for report in reports["cuda"] if isinstance(report, Scores)]
    assert scores.accuracy is not None
    assert scores.accuracy > 0.9
    for index in range(3):
        on_gpu, on_cpu = (quick_job.read_labels(folders[name], index) for name in folders)
        assert (on_gpu == on_cpu).mean() > 0.98
