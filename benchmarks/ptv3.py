"""What Point Transformer V3 costs on a CPU: a training step, a prediction, and Pointcept's own.

    [OMP_NUM_THREADS=N] python -m benchmarks.ptv3 [--voxels 10000 30000] [--runs N]

A step is tables, forward, backward and AdamW on one cloud. Pointcept's network runs where it is
installed as tests/rewis3d/models/record_ptv3.py says (one thread, a checkout on PYTHONPATH).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from importlib.util import find_spec

import torch
from torch.nn.functional import cross_entropy
from torch.optim import AdamW

from benchmarks import environment
from benchmarks.sparse_conv import HEADER, milliseconds, show, street
from rewis3d.models.pointcept import load_pointcept
from rewis3d.models.points import PointBatch
from rewis3d.models.ptv3 import PUBLISHED, TINY, PointSegmenter

CLASSES = 11
CELL = 0.0625
"""Edge length of a voxel that float32 divides by exactly: no two voxels fall together."""


def main() -> None:
    options = _options()
    print(f"Point Transformer V3\n\n{environment.describe()}")
    print(f"- torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print(HEADER)
    for voxels in options.voxels:
        batch = one_cloud(voxels)
        for name, config in (("tiny", TINY), ("published", PUBLISHED)):
            network = PointSegmenter(replace(config, grid_size=CELL), CLASSES)
            what = f"{name}, {voxels} voxels"
            show(f"{what}: tables", milliseconds(network.geometry, batch, runs=options.runs))
            show(f"{what}: forward", milliseconds(predicted, network, batch, runs=options.runs))
            show(f"{what}: step", milliseconds(Training(network), batch, runs=options.runs))
    against_pointcept(one_cloud(options.voxels[0]), options.runs)


def one_cloud(voxels: int) -> PointBatch:
    xyz = torch.from_numpy(street(voxels)).float() * CELL
    return PointBatch.pack([(xyz, torch.cat([xyz, torch.rand_like(xyz)], 1))])


@torch.inference_mode()
def predicted(network: torch.nn.Module, batch: PointBatch) -> torch.Tensor:
    return network.eval()(batch)


class Training:
    """A network with its optimiser; a call is a step."""

    def __init__(self, network: PointSegmenter) -> None:
        self.network = network
        self.optimiser = AdamW(network.parameters(), 1e-3)
        self.generator = torch.Generator().manual_seed(0)

    def __call__(self, batch: PointBatch) -> None:
        logits = self.network.train()(batch, generator=self.generator)
        loss = cross_entropy(logits, torch.arange(len(logits)) % CLASSES)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()


def against_pointcept(batch: PointBatch, runs: int) -> None:
    config = replace(PUBLISHED, grid_size=CELL)
    what = f"published, {len(batch.xyz)} voxels: Pointcept's own"
    if find_spec("pointcept") is None:
        show(f"{what}, forward", "not installed here |")
        return
    from tests.rewis3d.models.record_ptv3 import features, reference

    theirs = reference(config)
    ours = PointSegmenter(config, config.decoder_channels[0])
    load_pointcept(ours, theirs.state_dict())
    difference = (predicted(ours, batch) - features(theirs, batch)).abs().max()
    show(f"{what}, forward", milliseconds(features, theirs, batch, runs=runs))
    show("largest difference of the two", f"{difference:.1e} |")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--voxels", type=int, nargs="+", default=[10_000, 30_000])
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
