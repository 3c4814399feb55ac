"""The curves of a training: the terms of its losses, each averaged over some steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rewis3d.learning.step import Terms
from rewis3d.reports import Point

NAMES: Final = ("supervised", "consistency", "sure", "cross-modal", "temporal")
"""Of a branch's terms (rewis3d/losses/branch.py), in their order: L_S, L_U, w_t, L_C, L_T."""


class Curves:
    """Adds up the terms of steps until somebody wants points of them."""

    def __init__(self) -> None:
        self._terms: Terms | None = None

    def add(self, terms: Terms) -> None:
        """Take the terms of one more step."""
        self._terms = terms if self._terms is None else self._terms + terms

    def points(self, step: int) -> Iterator[Point]:
        """Yield a point of each curve that has something to show, and begin anew."""
        terms, self._terms = self._terms, None
        if terms is None:
            return
        for branch, name in ((terms.image, "2D"), (terms.points, "3D")):
            for term, what in zip(() if branch is None else branch.terms(), NAMES, strict=False):
                if term.count > 0:
                    yield Point(f"{what}, {name}", step, term.mean().item())
