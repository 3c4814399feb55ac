from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rewis3d.models.points import PointBatch
from rewis3d.models.ptv3 import PointSegmenter
from rewis3d.point_checkpoint import RECORD_FILE, WEIGHTS_FILE, load_points, save_points
from rewis3d.types import ClassSpec, Rewis3dError
from tests.rewis3d.learning.lessons import TINIEST

ROAD, CAR, TREE = (
    ClassSpec(class_id, name, (0, 0, 0))
    for class_id, name in ((3, "road"), (7, "car"), (9, "tree"))
)


def saved(folder: Path) -> PointSegmenter:
    torch.manual_seed(0)
    network = PointSegmenter(TINIEST, classes=2).eval()
    save_points(network, [ROAD, CAR], folder)
    return network


def loaded(folder: Path, *classes: ClassSpec) -> PointSegmenter:
    generator = torch.Generator().manual_seed(0)
    network = load_points(folder, TINIEST, classes, generator=generator)
    assert network is not None
    return network.eval()


def cloud() -> PointBatch:
    draw = torch.Generator().manual_seed(1)
    xyz = 4 * torch.rand((30, 3), generator=draw)
    return PointBatch(xyz, torch.rand((30, 6), generator=draw), torch.tensor([0, 30]))


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    network = saved(tmp_path)
    assert torch.equal(loaded(tmp_path, ROAD, CAR)(cloud()), network(cloud()))


def test_classes_are_known_by_their_ids(tmp_path: Path) -> None:
    network = saved(tmp_path)
    found, expected = loaded(tmp_path, TREE, CAR, ROAD)(cloud()), network(cloud())
    assert torch.allclose(found[:, 2], expected[:, 0])
    assert torch.allclose(found[:, 1], expected[:, 1])
    between = expected.mean(1)
    assert (found[:, 0] - between).abs().mean() < 0.2 * expected.std()


def test_no_network_and_one_of_another_shape_are_none(tmp_path: Path) -> None:
    draw = torch.Generator()
    assert load_points(tmp_path, TINIEST, [ROAD], generator=draw) is None
    saved(tmp_path)
    finer = replace(TINIEST, grid_size=0.25)
    assert load_points(tmp_path, finer, [ROAD], generator=draw) is None


@pytest.mark.parametrize("name", [WEIGHTS_FILE, RECORD_FILE])
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    saved(tmp_path)
    (tmp_path / name).write_bytes(b"\x00" * 16)
    with pytest.raises(Rewis3dError, match=tmp_path.name):
        loaded(tmp_path, ROAD, CAR)
