import numpy as np
import pytest

from rewis3d.geometry import inverse, transform
from rewis3d.reconstruct.cameras.features import Lens
from rewis3d.reconstruct.cameras.matching import Match
from rewis3d.reconstruct.cameras.parallax import SOLID, parallaxes

from .room import FOCAL, HEIGHT, WIDTH, camera, pose

UNKNOWN, KNOWN = Lens(0, WIDTH, HEIGHT, None), Lens(0, WIDTH, HEIGHT, FOCAL)


def of_pair(T_b, lens: Lens, *, movers: float = 0.0, flat: bool = False) -> float:
    rng = np.random.default_rng(1)
    n = 300
    depth = np.full(n, 8.0) if flat else rng.uniform(5, 30, n)
    xyz = np.stack([rng.uniform(-0.4, 0.4, n), rng.uniform(-0.3, 0.3, n), np.ones(n)], axis=1)
    xyz *= depth[:, None]
    a = camera().project(xyz)
    xyz[: round(movers * n)] += [1.0, 0, 0]
    b = camera().project(transform(inverse(T_b), xyz))
    a += rng.normal(0, 0.5, a.shape)
    b += rng.normal(0, 0.5, b.shape)
    match = Match(0, 1, np.zeros((n, 2), np.uint32), a, b)
    return float(parallaxes([match], [lens, lens])[0])


@pytest.mark.parametrize("lens", [UNKNOWN, KNOWN])
@pytest.mark.parametrize("yaw", [0.0, 1.0, 8.0])
@pytest.mark.parametrize("movers", [0.0, 0.2])
def test_a_camera_that_turns_has_none_whatever_moves_before_it(lens, yaw, movers) -> None:
    assert of_pair(pose(yaw=yaw), lens, movers=movers) < SOLID


@pytest.mark.parametrize("lens", [UNKNOWN, KNOWN])
@pytest.mark.parametrize("motion", [{"x": 1.0}, {"z": 1.5}, {"x": 0.7, "yaw": 6.0}])
def test_a_camera_that_moves_has_some(lens, motion) -> None:
    assert of_pair(pose(**motion), lens) > SOLID


def test_a_wall_alone_shows_motion_where_the_lens_is_known() -> None:
    assert of_pair(pose(z=1.5), KNOWN, flat=True) > SOLID


def test_parallax_is_measured_at_480_pixels_across() -> None:
    large = Lens(0, 4 * WIDTH, 4 * HEIGHT, 4 * FOCAL)
    match = Match(
        0,
        1,
        np.zeros((40, 2), np.uint32),
        xy := np.random.default_rng(0).uniform(0, 190, (40, 2)),
        xy + [[5.0, 0]] * (np.arange(40) % 2)[:, None],
    )
    big = Match(0, 1, match.features, 4 * match.a_xy, 4 * match.b_xy)
    small = parallaxes([match], [KNOWN, KNOWN])[0]
    assert parallaxes([big], [large, large])[0] == pytest.approx(small)
