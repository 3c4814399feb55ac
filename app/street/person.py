"""People who walk or ride. Axes: z the way they go, ground at y = 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.street.material import Material
from app.street.shape import (
    BICYCLIST,
    PEDESTRIAN,
    Coat,
    Colour,
    Number,
    Pair,
    Shape,
    ball,
    face,
    fitted,
    limb,
)


@dataclass(frozen=True, slots=True)
class Clothes:
    """Colours of a person."""

    coat: Colour
    legs: Colour
    skin: Colour
    hair: Colour


def clothes(rng: np.random.Generator) -> Clothes:
    """Return what somebody wears."""

    def colour(low: Number, high: float) -> Colour:
        red, green, blue = (rng.uniform(low, high) * rng.uniform(0.5, 1.0, 3)).tolist()
        return red, green, blue

    tone = float(rng.uniform(0.35, 1.0))
    skin = (0.72 * tone, 0.48 * tone, 0.36 * tone)
    return Clothes(colour(0.1, 0.9), colour(0.06, 0.4), skin, colour(0.03, 0.25))


def walker(wears: Clothes, phase: float) -> Shape:
    """Return a pedestrian; `phase` in radians says how far they are in their step."""
    swing = float(np.sin(phase)) * 0.32
    shape = _body(wears, PEDESTRIAN, (0.0, 0.0), lean=0.03)
    legs = Coat(Material.CLOTH, wears.legs, PEDESTRIAN, 0.8)
    shoe = Coat(Material.SMOOTH, (0.05, 0.05, 0.05), PEDESTRIAN)
    sleeve = Coat(Material.CLOTH, wears.coat, PEDESTRIAN, 0.8)
    for side in (-1, 1):
        foot, hand = side * swing, -side * swing
        knee = (side * 0.1, -0.46, foot * 0.55 + 0.05)
        shape.append(limb((side * 0.09, -0.98, 0.0), knee, 0.098, legs))
        shape.append(limb((side * 0.1, -0.55, foot * 0.5), (side * 0.1, -0.04, foot), 0.075, legs))
        shape.append(ball((side * 0.1, -0.05, foot + 0.07), (0.055, 0.05, 0.14), shoe))
        elbow = (side * 0.25, -1.1, hand * 0.5)
        shape.append(limb((side * 0.2, -1.47, 0.0), elbow, 0.065, sleeve))
        shape.append(limb((side * 0.25, -1.16, hand * 0.45), (side * 0.24, -0.84, hand), 0.05,
                          sleeve))  # fmt: skip
    return shape


def rider(wears: Clothes, phase: float) -> Shape:
    """Return somebody on a bicycle; `phase` in radians turns the pedals."""
    shape = _body(wears, BICYCLIST, (-0.12, -0.12), lean=0.28)
    legs = Coat(Material.CLOTH, wears.legs, BICYCLIST, 0.8)
    sleeve = Coat(Material.CLOTH, wears.coat, BICYCLIST, 0.8)
    frame = Coat(Material.SMOOTH, wears.coat, BICYCLIST)
    rubber = Coat(Material.SMOOTH, (0.03, 0.03, 0.03), BICYCLIST)
    tyre = Coat(Material.SPOKES, (1, 1, 1), BICYCLIST)
    for side in (-1, 1):
        turn = phase + (np.pi if side > 0 else 0)
        foot = (side * 0.11, -0.3 - 0.16 * float(np.cos(turn)), 0.02 + 0.16 * float(np.sin(turn)))
        knee = (side * 0.12, foot[1] * 0.5 - 0.5, 0.2 + foot[2] * 0.4)
        shape += [limb((side * 0.1, -1.06, -0.14), knee, 0.095, legs), limb(knee, foot, 0.07, legs)]
        shape.append(limb((side * 0.2, -1.5, 0.1), (side * 0.24, -1.1, 0.48), 0.055, sleeve))
    for z in (-0.52, 0.55):
        corners = [(0.0, -0.68, z - 0.34), (0.0, -0.68, z + 0.34), (0.0, 0.0, z + 0.34),
                   (0.0, 0.0, z - 0.34)]  # fmt: skip
        shape.append(fitted(corners, tyre))
        edge = [(-0.025, -0.66, z), (0.025, -0.66, z), (0.025, -0.01, z), (-0.025, -0.01, z)]
        shape.append(face(edge, rubber))
    bars = [((0.0, -0.34, -0.52), (0.0, -0.92, -0.2)), ((0.0, -0.3, 0.0), (0.0, -0.9, 0.45)),
            ((0.0, -0.86, -0.18), (0.0, -0.88, 0.45)), ((0.0, -0.34, 0.55), (0.0, -1.08, 0.42)),
            ((-0.27, -1.08, 0.44), (0.27, -1.08, 0.44))]  # fmt: skip
    return shape + [limb(start, end, 0.028, frame) for start, end in bars]


def _body(wears: Clothes, class_id: int, shift: Pair, *, lean: Number) -> Shape:
    """Return head and trunk, bent forward by `lean` metres; shift is (up, forward)."""
    up, ahead = shift
    coat = Coat(Material.CLOTH, wears.coat, class_id, 0.8)
    skin = Coat(Material.SMOOTH, wears.skin, class_id)
    hair = Coat(Material.CLOTH, wears.hair, class_id, 0.8)
    head = (0.0, -1.64 + up * 0.2, ahead + lean * 1.5)
    return [
        limb((0.0, -0.82 + up, ahead), (0.0, -1.56 + up * 0.2, ahead + lean), 0.2, coat),
        ball((0.0, -1.42 + up * 0.3, ahead + lean * 0.9), (0.235, 0.13, 0.13), coat),
        ball(head, (0.095, 0.125, 0.11), skin),
        ball((0.0, head[1] - 0.04, head[2] - 0.02), (0.102, 0.1, 0.112), hair),
    ]
