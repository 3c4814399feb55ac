from __future__ import annotations

import numpy as np

from app.street.lens import photograph


def _photo(light: np.ndarray, index: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return photograph(light, index=index, phase=0.5, rng=rng)


def test_more_light_is_brighter_and_exposure_drifts():
    dark, bright = (np.full((90, 120, 3), light, np.float32) for light in (0.1, 0.5))
    assert _photo(dark, 0).mean() + 40 < _photo(bright, 0).mean() < 240
    means = [_photo(bright, index).mean() for index in range(0, 36, 4)]
    assert np.ptp(means) > 8


def test_noise_and_softness_differ_from_frame_to_frame():
    edge = np.full((360, 480, 3), 0.05, np.float32)
    edge[:, 240:] = 0.6
    rough, steep = [], []
    for index in (0, 6, 12, 18):
        photo = _photo(edge, index, seed=index).astype(float)
        rough.append(photo[100:260, 300:400].std(axis=(0, 1)).mean())
        steep.append(np.abs(np.diff(photo[:, 230:250].mean(axis=(0, 2)))).max())
    assert min(rough) > 0.8
    assert max(rough) / min(rough) > 1.1
    assert np.ptp(steep) > 3
