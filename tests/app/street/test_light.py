from __future__ import annotations

import numpy as np

from app.street.camera import Camera, looking
from app.street.light import Light, Shadow, radiance
from app.street.material import Material
from app.street.scene import Placed, assemble
from app.street.shape import ROAD, Coat, flat
from app.street.surface import surface

COAT = Coat(Material.SMOOTH, (0.8, 0.4, 0.2), ROAD)
LIGHT = Light(
    direction=np.array((0.0, -1.0, 0.0)),
    sun=np.ones(3, np.float32),
    sky=np.full(3, 0.3, np.float32),
    zenith=np.array((0.1, 0.3, 0.8), np.float32),
    horizon=np.array((0.7, 0.8, 0.9), np.float32),
    clouds=-5.0,
    drift=0.0,
)
K = np.array([[40.0, 0, 24], [0, 40, 18], [0, 0, 1]])


def test_a_roof_throws_its_shadow_on_the_ground_and_the_sky_is_bluer_above():
    ground, roof = flat((-20, 20), (-5, 40), 0.0, COAT), flat((0, 20), (-5, 40), 8.0, COAT)
    scene = assemble([Placed([ground, roof], np.eye(4))])
    sun = Camera(np.array([[1000.0, 0, 100], [0, 1000, 100], [0, 0, 1]]),
                 looking((0, -200, 10), 0.0, -np.pi / 2, 0.0), 200, 200)  # fmt: skip
    camera = Camera(K, looking((0, -1.5, 0), 0.0, 0.0, 0.0), 48, 36)
    seen = surface(scene, camera)
    shadow = Shadow(sun, surface(scene, sun).nearness)
    picture = radiance(scene, camera, seen, light=LIGHT, shadow=shadow)
    lit, shaded = picture[30, 10], picture[30, 38]
    assert lit.mean() > 1.8 * shaded.mean()
    assert lit[0] > lit[1] > lit[2]
    assert (seen.part[:14, :22] == -1).all()
    top, low = picture[0, 5], picture[14, 5]
    assert top[2] / top[0] > low[2] / low[0]
