from __future__ import annotations

import pytest

from app.street.shape import Ball, Face, Shape
from app.street.view import RenderedView, render

SEED = 3
WIDTH, HEIGHT = 120, 90


@pytest.fixture(scope="session")
def views() -> list[RenderedView]:
    """The first frames of a small drive."""
    return list(render(SEED, frames=4, width=WIDTH, height=HEIGHT))


def faces(shape: Shape) -> list[Face]:
    return [part for part in shape if isinstance(part, Face)]


def balls(shape: Shape) -> list[Ball]:
    return [part for part in shape if isinstance(part, Ball)]
