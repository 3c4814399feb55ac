"""Trees and hedges: crowns of many ellipsoids with leaves and gaps."""

from __future__ import annotations

import numpy as np

from app.street.material import Material
from app.street.shape import TREE, Coat, Colour, Shape, ball, post


def tree(height: float, crown: float, rng: np.random.Generator, *, balls: int = 46) -> Shape:
    """Return a tree; `crown` is the radius of its crown, metres."""
    bark = Coat(Material.BARK, (0.42, 0.36, 0.30), TREE, 0.9)
    stem = height - 1.35 * crown
    shape = post((0.0, 0.0), 0.075 + 0.018 * height, (0.0, stem), bark, taper=0.7)
    middle, tall = height - 0.95 * crown, 0.95 * crown
    for index in range(balls):
        toward = rng.standard_normal(3)
        toward /= np.linalg.norm(toward)
        out = rng.uniform(0.55, 0.86) if index > balls // 4 else rng.uniform(0.1, 0.5)
        x, y, z = (toward * (crown, tall, crown) * out).tolist()
        size = crown * float(rng.uniform(0.22, 0.36))
        inner = 0.45 + 0.65 * out - 0.25 * max(y / tall, 0)
        coat = Coat(Material.LEAVES, _green(rng, inner), TREE, 1.3)
        radii = (size, size * float(rng.uniform(0.65, 0.9)), size * float(rng.uniform(0.8, 1.1)))
        shape.append(ball((x, y - middle, z), radii, coat))
    return shape


def hedge(length: float, height: float, rng: np.random.Generator) -> Shape:
    """Return a hedge along x from 0 to its length."""
    shape: Shape = []
    for x in np.arange(0.3, length - 0.2, 0.42):
        for y in np.arange(0.25, height, 0.5):
            place = np.add(rng.normal(0, 0.06, 3), (x, -y, 0))
            size = float(rng.uniform(0.34, 0.46))
            coat = Coat(Material.LEAVES, _green(rng, 0.85), TREE, 1.1)
            a, b, c = place.tolist()
            shape.append(ball((a, b, c), (size, size * 0.9, size * 0.8), coat))
    return shape


def _green(rng: np.random.Generator, light: float) -> Colour:
    red, green, blue = (
        np.array((0.52, 0.62, 0.34)) * light * rng.uniform(0.85, 1.15) * rng.uniform(0.92, 1.08, 3)
    ).tolist()
    return red, green, blue
