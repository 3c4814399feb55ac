"""Records what the real Pointcept gives, so that our network is tested without it.

Run it where PT-v3m1 and what it needs are installed (torch, timm, addict, spconv, torch-scatter;
CPU builds do), with a checkout of github.com/Pointcept/Pointcept on PYTHONPATH:

    OMP_NUM_THREADS=1 python -m tests.rewis3d.models.record_ptv3 tests/rewis3d/models/golden

It runs the repository's own files on weights that `seeded.py` makes, and writes codes of their
curves and features of their network. What has to be known of it on a CPU:

- `pointcept.models` imports CUDA extensions that PT-v3m1 doesn't use: the `__init__` of that
  package (and of the training hooks) is left out, the modules of PT-v3m1 are imported as they are.
- spconv 2.3.8 adds a bias on a CPU in training mode only, so the convolutions are put into it;
  nothing else of them depends on it. Its CPU kernels race where OpenMP has more than one thread.
- Without flash-attn, patches are as small as the smallest cloud of a batch; curves depend on the
  largest. So clouds go in one by one, or in a batch of turned copies of one geometry.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from rewis3d.models.pointcept import PointceptSegmenter
from rewis3d.models.points import PointBatch
from rewis3d.models.ptv3 import TINY, PointNetworkConfig
from rewis3d.models.serialization import ORDERS
from tests.rewis3d.models.seeded import seeded
from tests.rewis3d.models.surfaces import GRID, cloud, surface

GOLDEN: Final = Path(__file__).parent / "golden"
CURVES: Final = "curves.npz"
FEATURES: Final = "tiny_features.npz"
DEPTHS: Final = (1, 4, 9, 16)
CONFIG: Final = replace(TINY, grid_size=GRID)
SIZES: Final = ((420, 24), (150, 12), (40, 8))
"""Voxels and side of the clouds: more than a patch, less, and very few."""


def main(folder: Path) -> None:
    for name, arrays in ((CURVES, record_curves()), (FEATURES, record_features())):
        np.savez_compressed(folder / name, allow_pickle=False, **arrays)


def record_curves() -> dict[str, np.ndarray]:
    """Return random grid coordinates for each depth, and their codes along each order."""
    without_extensions()
    theirs = import_module("pointcept.models.utils.serialization")
    rng = np.random.default_rng(0)
    recorded = {}
    for depth in DEPTHS:
        grid = rng.integers(0, 2**depth, (64, 3))
        recorded[f"grid_{depth}"] = grid
        for order in ORDERS:
            codes = theirs.encode(torch.from_numpy(grid), depth=depth, order=order)
            recorded[f"{order}_{depth}"] = codes.numpy()
    return recorded


def record_features() -> dict[str, np.ndarray]:
    """Return clouds (voxel of each point, colour) and the network's features of their points."""
    network = reference(CONFIG)
    recorded = {}
    for index, (voxels, side) in enumerate(SIZES):
        grid = surface(voxels, side=side, seed=index)
        xyz, seen = cloud(grid, seed=index)
        recorded[f"grid_{index}"] = grid.astype(np.uint8)
        recorded[f"rgb_{index}"] = seen[:, 3:].numpy()
        recorded[f"features_{index}"] = features(network, PointBatch.pack([(xyz, seen)])).numpy()
    return recorded


def reference(config: PointNetworkConfig) -> PointceptSegmenter:
    """Return the real network, its weights seeded, that gives features of points on a CPU."""
    if os.environ.get("OMP_NUM_THREADS") != "1":
        raise RuntimeError("spconv's CPU kernels race: set OMP_NUM_THREADS=1 before Python starts")
    without_extensions()
    network = PointceptSegmenter(config, config.decoder_channels[0])
    network.load_state_dict(seeded(network.state_dict()))
    pass_on(network.seg_head)
    network.eval()
    for part in network.modules():
        part.training = type(part).__name__ == "SubMConv3d"  # eval for all others
    return network


def pass_on(head: nn.Linear) -> None:
    """Make a head give the features that it gets."""
    nn.init.eye_(head.weight)
    nn.init.zeros_(head.bias)


@torch.inference_mode()
def features(network: PointceptSegmenter, batch: PointBatch) -> Tensor:
    return network(batch)


def without_extensions() -> None:
    """Make PT-v3m1 importable where Pointcept's CUDA extensions are not."""
    if "pointcept.models" in sys.modules:
        return
    for name in ("pointcept.models", "pointcept.engines", "pointcept.engines.hooks"):
        _leave_out_init(name)
    hooks = sys.modules["pointcept.engines.hooks"]
    hooks.HookBase = import_module("pointcept.engines.hooks.default").HookBase  # pyright: ignore


def _leave_out_init(name: str) -> None:
    spec = find_spec("pointcept")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("Pointcept is not on PYTHONPATH")
    package = ModuleType(name)
    root = Path(next(iter(spec.submodule_search_locations)))
    package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
    sys.modules[name] = package


if __name__ == "__main__":
    main(Path(sys.argv[1]))
