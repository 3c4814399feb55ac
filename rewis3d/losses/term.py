"""A sum, and what it is divided by: what every loss returns, as both add up over pieces of a step.

Logits have their classes on axis 1: (n, k) of points and pairs, (b, k, h, w) of images. Whatever
their precision, losses are summed in float32 at least and counted in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Term:
    """A sum over pixels, points or pairs, and what it is divided by once all is added up."""

    sum: Float[Tensor, ""]
    count: Float64[Tensor, ""]
    """0 leaves the sum as it is: nothing was summed, or nothing is to divide it."""

    def __add__(self, other: Term) -> Term:
        return Term(self.sum + other.sum, self.count + other.count)

    def over(self, whole: Term) -> Term:
        """Return this sum with the count of the whole that it is a part of."""
        return Term(self.sum, whole.count)

    def mean(self) -> Float64[Tensor, ""]:
        """Return the sum divided by the count."""
        return self.sum / torch.where(self.count > 0, self.count, 1.0)


def awaited(count: Tensor) -> Term:
    """Return a count (0-d) whose sum a student has yet to give."""
    return Term(torch.zeros_like(count, dtype=torch.float64), count.double())


def wide(numbers: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """Return numbers that can be summed up: float32 at least."""
    return numbers.to(torch.promote_types(numbers.dtype, torch.float32))
