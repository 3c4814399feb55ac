"""Fit the head to labelled pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor, nn
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


@dataclass(frozen=True, slots=True)
class Portion:
    """Pixels that take a share of every step, however many they are."""

    pixels: Pixels
    share: float = 1.0


def fit(
    portions: Sequence[Portion],
    classes: int,
    config: QuickConfig,
    *,
    generator: torch.Generator,
    series: str,
) -> Iterator[Point | Head]:
    """Fit a head to portions whose shares add up to 1; yields points of its loss, the head at last.

    The head takes hypercolumns as they are: the standardisation by the pixels' mean and deviation
    is folded into its first layer.
    """
    mean, deviation = standardisation(portions)
    members = _Members(classes, config, generator).to(mean.device)
    optimiser = torch.optim.AdamW(
        members.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        config.learning_rate,
        total_steps=config.steps + 1,
        pct_start=max(_WARM_UP, 1.5 / (config.steps + 1)),  # else 9 steps divide by zero
    )
    draws = _Draws(portions, classes, config, generator)
    every = max(1, config.steps // _POINTS)
    for step in range(1, config.steps + 1):
        columns, labels = draws.next()
        loss = members.loss((columns - mean) / deviation, labels, config.dropout, generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % every == 0:
            yield Point(series, step, loss.item())
    taught = torch.cat([portion.pixels.labels for portion in portions])
    head = members.merged()
    silence(head, torch.bincount(taught, minlength=classes) == 0)
    yield folded(head, mean, deviation)


def standardisation(
    portions: Sequence[Portion],
) -> tuple[Float32[Tensor, "f"], Float32[Tensor, "f"]]:
    """Return each feature's mean and deviation, of MEASURED pixels evenly chosen where more."""
    most = MEASURED // len(portions)
    parts = [
        part.table[part.rows[:: -(-len(part.rows) // most)]]
        for part in (portion.pixels for portion in portions)
    ]
    measured = torch.cat(parts)
    return measured.mean(0), measured.std(0, correction=0) + _FLAT


@torch.inference_mode()
def probability(head: Head, pixels: Pixels) -> Float32[Tensor, "n"]:
    """Return the probability that a head gives each pixel's own label."""
    if len(pixels.labels) == 0:
        return torch.empty(0, device=pixels.table.device)
    found = torch.cat([head(columns).softmax(1) for columns in pixels.batches()])
    return found.gather(1, pixels.labels[:, None])[:, 0]


class _Draws:
    """Batches of pixels, of each portion its share."""

    def __init__(
        self,
        portions: Sequence[Portion],
        classes: int,
        config: QuickConfig,
        generator: torch.Generator,
    ) -> None:
        self._pixels = [portion.pixels for portion in portions]
        self._weights = [
            draw_weights(part.labels, classes, config.balance) for part in self._pixels
        ]
        ends = torch.tensor([portion.share for portion in portions]).cumsum(0) * config.batch
        self._counts = ends.round().int().diff(prepend=torch.zeros(1)).int().tolist()
        self._generator = generator

    def next(self) -> tuple[Float32[Tensor, "n f"], Int64[Tensor, "n"]]:
        """Return the hypercolumns and labels of one step."""
        columns, labels = [], []
        for part, weights, count in zip(self._pixels, self._weights, self._counts, strict=True):
            chosen = torch.multinomial(weights, count, True, generator=self._generator)
            chosen = chosen.to(part.rows.device)
            columns.append(part.table[part.rows[chosen]])
            labels.append(part.labels[chosen])
        return torch.cat(columns), torch.cat(labels)


class _Members(nn.Module):
    """Heads that learn side by side from the same pixels, each from other random weights.

    Their mean logits are those of one head with all their units. They err apart from each other:
    the mean errs less (docs/decisions/0012-stages-of-a-quick-round.md).
    """

    def __init__(self, classes: int, config: QuickConfig, generator: torch.Generator) -> None:
        super().__init__()
        heads = [_fresh(classes, config, generator) for _ in range(config.heads)]
        self.hidden = nn.Linear(heads[0].hidden.in_features, config.heads * config.hidden)
        with torch.no_grad():
            self.hidden.weight.copy_(torch.cat([head.hidden.weight for head in heads]))
            self.hidden.bias.copy_(torch.cat([head.hidden.bias for head in heads]))
        self.weight = nn.Parameter(torch.stack([head.classify.weight.T for head in heads]))
        self.bias = nn.Parameter(torch.stack([head.classify.bias for head in heads])[:, None])

    def loss(
        self,
        columns: Float32[Tensor, "n f"],
        labels: Int64[Tensor, "n"],
        dropout: float,
        generator: torch.Generator,
    ) -> Float32[Tensor, ""]:
        """Return the mean cross-entropy of the heads, each with its own units left out."""
        hidden = functional.relu(self.hidden(columns))
        kept = torch.rand(hidden.shape, generator=generator) >= dropout
        hidden = hidden * kept.to(hidden.device) / (1 - dropout)
        heads = len(self.weight)
        apart = hidden.unflatten(1, (heads, -1)).transpose(0, 1)
        logits = torch.baddbmm(self.bias, apart, self.weight)
        return functional.cross_entropy(logits.flatten(0, 1), labels.repeat(heads))

    @torch.no_grad()
    def merged(self) -> Head:
        """Return the head whose logits are the mean of theirs."""
        heads, _, classes = self.weight.shape
        head = Head(hidden=self.hidden.out_features, classes=classes).to(self.weight.device)
        head.hidden.load_state_dict(self.hidden.state_dict())
        head.classify.weight.copy_(self.weight.flatten(0, 1).T / heads)
        head.classify.bias.copy_(self.bias.mean((0, 1)))
        return head


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


def folded(head: Head, mean: Float32[Tensor, "f"], deviation: Float32[Tensor, "f"]) -> Head:
    """Return the head that takes raw columns where `head` takes (columns - mean) / deviation."""
    with torch.no_grad():
        head.hidden.weight.div_(deviation)
        head.hidden.bias.sub_(head.hidden.weight @ mean)
    return head.eval().requires_grad_(False)
