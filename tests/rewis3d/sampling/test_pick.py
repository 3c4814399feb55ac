"""Which points a view's cloud is made of, against looking at every point of the scene."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewis3d.material import Sampling
from rewis3d.sampling import draw as draw_module
from rewis3d.sampling import index as index_module
from rewis3d.sampling.draw import Picked
from rewis3d.sampling.index import index_scene
from rewis3d.sampling.pick import pick
from rewis3d.scene import Scene
from tests.rewis3d.sampling.street import FRAMES, SIZE, street, usable, world
from tests.rewis3d.sampling.test_draw import UNLIKELY, likelihood

Cell = tuple[int, int]


def picked(scene: Scene, place: int, sampling: Sampling, seed: int = 0) -> Picked:
    index = index_scene(scene, frames=FRAMES)
    return pick(index, FRAMES[place], sampling, rng=np.random.default_rng(seed))


def cells(picked: Picked) -> list[Cell]:
    return list(zip(picked.place.tolist(), picked.cell.tolist(), strict=True))


def own_of(scene: Scene, place: int) -> set[Cell]:
    return {(place, cell) for cell in usable(scene.views[place])}


def around(scene: Scene, place: int, sampling: Sampling) -> tuple[set[Cell], set[Cell]]:
    """Twin of the ball: other views' cells inside and beyond it, point by point."""
    xyz = world(scene.views[place], usable(scene.views[place]))
    centre = sum(xyz) / len(xyz)
    distances = sorted(float(np.linalg.norm(each - centre)) for each in xyz)
    at = sampling.radius_quantile * (len(distances) - 1)
    low, high = distances[int(at)], distances[min(int(at) + 1, len(distances) - 1)]
    radius = sampling.radius_factor * (low + (at - int(at)) * (high - low))
    inside, beyond = set(), set()
    for other, view in enumerate(scene.views):
        if other == place:
            continue
        for cell in usable(view):
            near = np.linalg.norm(world(view, [cell])[0] - centre) <= radius
            (inside if near else beyond).add((other, cell))
    return inside, beyond


@given(
    st.integers(0, 2),
    st.integers(1, 500),
    st.floats(0, 1),
    st.floats(0.05, 2),
    st.sampled_from([0.5, 0.95, 1.0]),
)
@settings(max_examples=40, deadline=None)
def test_own_points_come_first_then_near_ones_then_far_ones(
    place: int, points: int, share: float, factor: float, quantile: float
) -> None:
    sampling = Sampling(
        points=points, own_share=share, radius_factor=factor, radius_quantile=quantile
    )
    scene = street()
    found = cells(picked(scene, place, sampling))
    own, (inside, beyond) = own_of(scene, place), around(scene, place, sampling)
    assert found == sorted(set(found))
    chosen = set(found)
    kept = min(len(own), round(share * points))
    near = min(len(inside), points - kept)
    far = min(len(beyond), points - kept - near)
    back = min(len(own) - kept, points - kept - near - far)
    assert len(chosen & inside) == near
    assert len(chosen & beyond) == far
    assert len(chosen & own) == kept + back
    assert len(chosen) == min(points, len(own) + len(inside) + len(beyond))


@pytest.mark.parametrize("read_through", [0, 10**9])
def test_points_are_equally_likely_within_their_share(
    read_through: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "BLOCK", 4)
    monkeypatch.setattr(draw_module, "_FEWEST", 8)
    monkeypatch.setattr(draw_module, "_READ_THROUGH", read_through)
    sampling = Sampling(points=60, radius_factor=0.7)
    scene = street()
    index = index_scene(scene, frames=FRAMES)
    seen: Counter[Cell] = Counter()
    for seed in range(250):
        seen.update(cells(pick(index, FRAMES[1], sampling, rng=np.random.default_rng(seed))))
    own, (inside, beyond) = own_of(scene, 1), around(scene, 1, sampling)
    assert len(inside) > 60
    assert len(beyond) > 60
    assert likelihood([seen[cell] for cell in own], of=250) > UNLIKELY
    assert likelihood([seen[cell] for cell in inside], of=250) > UNLIKELY
    assert not any(seen[cell] for cell in beyond)


def labelled_of(scene: Scene, *, every: int) -> Picked:
    """One cell of so many is labelled."""
    found = [(p, c) for p, view in enumerate(scene.views) for c in usable(view)[::every]]
    return Picked(*map(np.array, zip(*found, strict=True)))


@given(st.integers(0, 2), st.integers(1, 500), st.floats(0, 1), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_labelled_points_come_first_among_near_ones(
    place: int, points: int, share: float, every: int
) -> None:
    sampling = Sampling(points=points, labelled_share=share, radius_factor=0.7)
    scene = street()
    index = index_scene(scene, frames=FRAMES)
    labelled = labelled_of(scene, every=every)
    rng = np.random.default_rng(0)
    found = cells(pick(index, FRAMES[place], sampling, labelled=labelled, rng=rng))
    own, (inside, beyond) = own_of(scene, place), around(scene, place, sampling)
    assert found == sorted(set(found))
    chosen = set(found)
    kept = min(len(own), round(sampling.own_share * points))
    known = inside & set(cells(labelled))
    assert len(chosen & known) >= min(len(known), round(share * (points - kept)))
    near = min(len(inside), points - kept)
    assert len(chosen & inside) == near
    assert len(chosen & beyond) == min(len(beyond), points - kept - near)


def test_labelled_points_are_equally_likely_and_so_are_the_others() -> None:
    sampling = Sampling(points=60, labelled_share=0.5, radius_factor=0.7)
    scene = street()
    index = index_scene(scene, frames=FRAMES)
    labelled = labelled_of(scene, every=4)
    seen: Counter[Cell] = Counter()
    for seed in range(250):
        rng = np.random.default_rng(seed)
        seen.update(cells(pick(index, FRAMES[1], sampling, labelled=labelled, rng=rng)))
    inside, _ = around(scene, 1, sampling)
    known = inside & set(cells(labelled))
    assert len(known) > 12
    assert likelihood([seen[cell] for cell in known], of=250) > UNLIKELY
    assert likelihood([seen[cell] for cell in inside - known], of=250) > UNLIKELY
    assert sum(seen[cell] for cell in known) > 250 * 12  # half of the others, and some by chance


def test_a_scene_smaller_than_the_cloud_comes_whole() -> None:
    scene = street()
    whole = own_of(scene, 0) | own_of(scene, 1) | own_of(scene, 2)
    for kind in ("view", "random"):
        found = cells(picked(scene, 2, Sampling(sampling=kind, points=120_000)))
        assert found == sorted(whole)


def test_at_random_all_points_of_the_scene_are_equally_likely() -> None:
    scene = street()
    index = index_scene(scene, frames=FRAMES)
    sampling = Sampling(sampling="random", points=100)
    seen: Counter[Cell] = Counter()
    for seed in range(250):
        seen.update(cells(pick(index, FRAMES[0], sampling, rng=np.random.default_rng(seed))))
    whole = own_of(scene, 0) | own_of(scene, 1) | own_of(scene, 2)
    assert likelihood([seen[cell] for cell in whole], of=250) > UNLIKELY


def test_own_points_alone() -> None:
    scene = street()
    own = own_of(scene, 1)
    assert set(cells(picked(scene, 1, Sampling(sampling="own", points=10_000)))) == own
    few = cells(picked(scene, 1, Sampling(sampling="own", points=40)))
    assert len(few) == 40
    assert set(few) < own


@pytest.mark.parametrize("kind", ["view", "random", "own"])
def test_a_seed_gives_one_sample(kind: str) -> None:
    sampling = Sampling(sampling=kind, points=50)  # pyright: ignore[reportArgumentType]
    scene = street()
    first, again, other = (cells(picked(scene, 0, sampling, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("kind", ["view", "random", "own"])
def test_a_view_without_points_has_no_cloud(kind: str) -> None:
    scene = street()
    empty = replace(scene.views[0], depth=np.zeros(SIZE, np.float16))
    scene = replace(scene, views=(empty, *scene.views[1:]))
    sampling = Sampling(sampling=kind)  # pyright: ignore[reportArgumentType]
    assert cells(picked(scene, 0, sampling)) == []
