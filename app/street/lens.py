"""From light to a picture: exposure, blur, noise and tones, which change from frame to frame."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8


def photograph(
    light: Float32[np.ndarray, "h w 3"], *, index: int, phase: float, rng: np.random.Generator
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the picture (RGB) that the camera takes of this light as its frame `index`.

    `phase` in radians shifts the clip's slow changes; the generator makes the noise.
    """
    height, width = light.shape[:2]
    drift = np.sin(index / 6 + phase)
    gain = 1.12 * np.exp(0.13 * drift + rng.normal(0, 0.015))
    balance = 1 + np.array((0.025, 0.0, -0.03)) * np.sin(index / 9 + 2 * phase)
    exposed = light * (gain * balance * _falloff(height, width)).astype(np.float32)
    softness = (0.42 + 0.16 * np.sin(index / 4 + 3 * phase)) * width / 480
    blurred = cv2.GaussianBlur(exposed, (0, 0), max(float(softness), 0.1))
    strength = np.float32(0.7 + 0.3 * np.sin(index / 5 - phase))
    shot = rng.standard_normal(light.shape, np.float32) * np.sqrt(blurred.clip(0, 2) * 2.5e-4)
    read = rng.standard_normal(light.shape, np.float32) * np.float32(0.0022)
    toned = _toned(blurred + strength * (shot + read))
    return np.round(toned * 255).astype(np.uint8)


def _falloff(height: int, width: int) -> Float32[np.ndarray, "h w 1"]:
    """Return how much of the light reaches each pixel: less towards the corners."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = ((x + 0.5) / width - 0.5) ** 2 + ((y + 0.5) / height - 0.5) ** 2 * 0.6
    return (1 - 0.42 * away)[..., None]


def _toned(light: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Return sRGB values in [0, 1]; what is very bright is compressed, not cut."""
    bright = light.clip(0, None)
    soft = 1 - np.exp(-1.25 * bright * (0.72 + 0.28 * np.tanh(3 * bright)))
    return np.where(
        soft <= 0.0031308, 12.92 * soft, 1.055 * np.power(soft.clip(1e-6), 1 / 2.4) - 0.055
    ).astype(np.float32)
