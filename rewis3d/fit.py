"""Fit the head to labelled pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor
from torch.nn import functional

from rewis3d.config import QuickConfig
from rewis3d.models.segmenter import Head
from rewis3d.reports import Point

_FLAT: Final = 1e-3
"""Added to a standard deviation: what never varies among the labelled pixels stays near zero."""
MEASURED: Final = 20_000
"""So many pixels tell a feature's mean and deviation well enough."""
_WARM_UP: Final = 0.1
"""Share of the steps in which the learning rate rises."""
FEWEST: Final = 0.01
"""Share of the draws that a labelled class gets at least."""
_NEVER: Final = -1e3
"""Logit of a class that can't be."""
_POINTS: Final = 20
"""A fit reports so many points of its loss."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """Labelled pixels of all frames: some rows of a table that a job's other sets share."""

    table: Float32[Tensor, "m f"]
    """Hypercolumns: 2 kB a row, so that nobody copies more of it than a batch."""
    rows: Int64[Tensor, "n"]
    labels: Int64[Tensor, "n"]

    def where(self, chosen: Bool[Tensor, "n"]) -> Pixels:
        """Return those that a mask chooses."""
        return Pixels(self.table, self.rows[chosen], self.labels[chosen])

    def and_also(self, other: Pixels) -> Pixels:
        """Return these pixels and others of the same table."""
        rows, labels = (self.rows, other.rows), (self.labels, other.labels)
        return Pixels(self.table, torch.cat(rows), torch.cat(labels))

    def batches(self) -> Iterator[Float32[Tensor, "b f"]]:
        """Yield the hypercolumns in order, MEASURED of them at a time."""
        for rows in self.rows.split(MEASURED):
            yield self.table[rows]


def fit(
    pixels: Pixels, classes: int, config: QuickConfig, *, generator: torch.Generator, series: str
) -> Iterator[Point | Head]:
    """Fit a head; yields points of its loss, and the head at last.

    The head takes hypercolumns as they are: the standardisation by the labelled pixels' mean and
    deviation is folded into its first layer.
    """
    mean, deviation = standardisation(pixels)
    head = _fresh(classes, config, generator).to(mean.device)
    optimiser = torch.optim.AdamW(
        head.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        config.learning_rate,
        total_steps=config.steps + 1,
        pct_start=max(_WARM_UP, 1.5 / (config.steps + 1)),  # else 9 steps divide by zero
    )
    weights = draw_weights(pixels.labels, classes, config.balance)
    every = max(1, config.steps // _POINTS)
    for step in range(1, config.steps + 1):
        chosen = torch.multinomial(weights, config.batch, True, generator=generator)
        chosen = chosen.to(mean.device)
        columns = (pixels.table[pixels.rows[chosen]] - mean) / deviation
        loss = _loss(head, columns, pixels.labels[chosen], config, generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % every == 0:
            yield Point(series, step, loss.item())
    silence(head, torch.bincount(pixels.labels, minlength=classes) == 0)
    yield folded(head, mean, deviation)


def standardisation(pixels: Pixels) -> tuple[Float32[Tensor, "f"], Float32[Tensor, "f"]]:
    """Return each feature's mean and deviation, of MEASURED pixels evenly chosen where more."""
    measured = pixels.table[pixels.rows[:: -(-len(pixels.rows) // MEASURED)]]
    return measured.mean(0), measured.std(0, correction=0) + _FLAT


def silence(head: Head, untaught: Bool[Tensor, "k"]) -> None:
    """Make classes that no pixel taught impossible: else they are found far from all strokes."""
    with torch.no_grad():
        head.classify.weight[untaught] = 0.0
        head.classify.bias[untaught] = _NEVER


def draw_weights(labels: Int64[Tensor, "n"], classes: int, balance: float) -> Tensor:
    """Return how often each pixel is drawn.

    A class has a share by its count to the power of 1 - `balance`, but FEWEST at least: one short
    stroke is learnt too.
    """
    counts = torch.bincount(labels, minlength=classes).double()
    share = torch.where(counts > 0, counts.clamp(min=1) ** (1 - balance), 0.0)
    share = torch.where(counts > 0, (share / share.sum()).clamp(min=FEWEST), 0.0)
    return (share / counts.clamp(min=1))[labels].cpu()


def _fresh(classes: int, config: QuickConfig, generator: torch.Generator) -> Head:
    """Return a head with He-initialised weights from the generator."""
    head = Head(hidden=config.hidden, classes=classes)
    for layer in (head.hidden, head.classify):
        torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
        torch.nn.init.zeros_(layer.bias)
    return head


def _loss(
    head: Head, columns: Tensor, labels: Tensor, config: QuickConfig, generator: torch.Generator
) -> Tensor:
    hidden = functional.relu(head.hidden(columns))
    kept = torch.rand(hidden.shape, generator=generator) >= config.dropout
    hidden = hidden * kept.to(hidden.device) / (1 - config.dropout)
    return functional.cross_entropy(head.classify(hidden), labels)


def folded(head: Head, mean: Float32[Tensor, "f"], deviation: Float32[Tensor, "f"]) -> Head:
    """Return the head that takes raw columns where `head` takes (columns - mean) / deviation."""
    with torch.no_grad():
        head.hidden.weight.div_(deviation)
        head.hidden.bias.sub_(head.hidden.weight @ mean)
    return head.eval().requires_grad_(False)
