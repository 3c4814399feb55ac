"""What a submanifold convolution costs on a CPU, beside spconv's where that is installed.

    [OMP_NUM_THREADS=N] python -m benchmarks.sparse_conv [--voxels N] [--channels N]

spconv's CPU kernels have no backward, and with more than one OpenMP thread they race: compare on
one thread. Medians of ten runs; CPU time says more where other work goes on. Tables of neighbours
are made before.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from math import ceil, sqrt
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks import environment
from rewis3d.models.sparse_conv import SubmanifoldConv3d, neighbours

RUNS = 10
HEADER = "| what | ms | CPU ms |\n|---|---|---|"


def main() -> None:
    options = _options()
    print(f"Submanifold convolution\n\n{environment.describe()}")
    print(f"- torch {torch.__version__}, {torch.get_num_threads()} threads")
    grid = torch.from_numpy(street(options.voxels))
    cloud = torch.zeros(len(grid), dtype=torch.int64)
    layer = SubmanifoldConv3d(options.channels, options.channels, kernel=3)
    x = torch.randn(len(grid), options.channels, requires_grad=True)
    near = neighbours(grid, cloud, 3)
    around = 1 + 2 * sum(len(here) for here, _ in near.pairs) / len(grid)
    print(f"- {len(grid)} voxels of a street, {around:.1f} in a kernel; {x.shape[1]} channels\n")
    print(HEADER)
    for kernel in (3, 5):
        show(f"table of neighbours, kernel {kernel}", milliseconds(neighbours, grid, cloud, kernel))
    with torch.no_grad():
        show("forward", milliseconds(layer, x, near))
    show("forward and backward", milliseconds(both_ways, layer, x, near))
    against_spconv(layer, x.detach(), grid)


def both_ways(layer: SubmanifoldConv3d, x: Tensor, near: Any) -> None:
    layer.zero_grad()
    x.grad = None
    layer(x, near).backward(torch.ones_like(x))


@torch.no_grad()
def against_spconv(layer: SubmanifoldConv3d, x: Tensor, grid: Tensor) -> None:
    if find_spec("spconv") is None:
        show("spconv, forward", "not installed here |")
        return
    import spconv.pytorch as spconv  # pyright: ignore[reportMissingImports]  # optional

    indices = torch.cat([torch.zeros(len(grid), 1), grid], 1).int()
    shape = [int(side) + 1 for side in grid.amax(0)]
    theirs = spconv.SubMConv3d(x.shape[1], x.shape[1], 3, indice_key="pairs")  # trains: adds bias
    theirs.load_state_dict(layer.state_dict())
    tensor = theirs(spconv.SparseConvTensor(x, indices, shape, 1)).replace_feature(x)  # has pairs
    wanted = layer(x, neighbours(grid, torch.zeros_like(grid[:, 0]), 3))
    difference = (theirs(tensor).features - wanted).abs()
    show("spconv, forward", milliseconds(theirs, tensor))
    show("largest difference of the two", f"{difference.max():.1e} |")


def street(voxels: int, seed: int = 0) -> np.ndarray:
    """Return so many occupied voxels (t, 3) of a bent ground and two walls, in random order."""
    side = ceil(sqrt(voxels / 1.9))
    across, along = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    bend = (side / 12 * (np.sin(9 * across / side) + np.cos(7 * along / side))).astype(np.int64)
    up = along // 2
    parts = [(across, along, bend), (0 * up + side // 5, across, up), (0 * up + side, across, up)]
    stacked = np.concatenate([np.stack(part, -1).reshape(-1, 3) for part in parts])
    occupied = np.unique(stacked - stacked.min(0), axis=0)
    return np.random.default_rng(seed).permutation(occupied)[:voxels]


def milliseconds(run: Callable[..., Any], *words: Any, runs: int = RUNS) -> str:
    """Return a call's median times, the first call left out: what passed, and what all CPUs did."""
    wall, cpu = [], []
    for _ in range(runs + 1):
        before = time.perf_counter(), time.process_time()
        run(*words)
        wall.append(time.perf_counter() - before[0])
        cpu.append(time.process_time() - before[1])
    return f"{1000 * median(wall[1:]):.0f} | {1000 * median(cpu[1:]):.0f}"


def show(what: str, found: str) -> None:
    print(f"| {what} | {found} |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--voxels", type=int, default=60_000)
    parser.add_argument("--channels", type=int, default=32)
    return parser.parse_args()


if __name__ == "__main__":
    main()
