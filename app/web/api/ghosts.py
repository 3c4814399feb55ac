"""Ghost labels and conflicts, and a frame's depth and reconstruction confidence as pictures.

Nothing here is announced: a page asks again after `stroke`, `class`, `frames` and `scene` events,
and while an answer says that it is stale.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Final

import cv2
import numpy as np
from fastapi import APIRouter, Depends, Request
from jaxtyping import Float, Float32, UInt8
from starlette.responses import Response

from app.ghosts import Ghosts
from app.web.context import InStudio, refusal, reply
from rewis3d.propagate import Conflict
from rewis3d.scene import SceneView

router = APIRouter(prefix="/api")
_PATIENCE_SECONDS: Final = 0.3
"""How long an answer about all frames waits for one that is not stale."""
_ROBUST: Final = (2, 98)
"""Percentiles of a frame's inverse depths that the colours reach from and to."""


def _ghosts(request: Request) -> Ghosts:
    return request.app.state.ghosts


InGhosts = Annotated[Ghosts, Depends(_ghosts)]


@router.get("/ghosts")
def overview(_studio: InStudio, ghosts: InGhosts) -> Response:
    """Tell which frames gained labels from others' strokes, and where strokes clash."""
    found = ghosts.summary(patience=_PATIENCE_SECONDS)
    answer = {
        "scene": found.scene,
        "stale": found.stale,
        "gained": {str(frame_id): cells for frame_id, cells in found.gained.items()},
        "conflicts": [_as_json(conflict) for conflict in found.conflicts],
    }
    return reply(answer)


@router.get("/frames/{frame_id}/ghosts.png")
def labels(frame_id: int, request: Request, _studio: InStudio, ghosts: InGhosts) -> Response:
    """Give what other frames' strokes say: a grey PNG of class ids, 255 = nothing."""
    found = ghosts.of_frame(frame_id)
    if found is None:
        raise _no_view(frame_id)
    return _png(request, found.labels)


@router.get("/frames/{frame_id}/depth.png")
def depth(frame_id: int, request: Request, _studio: InStudio, ghosts: InGhosts) -> Response:
    """Give the depth as colours, near ones warm; transparent where there is none."""
    view = _view(ghosts, frame_id)
    return _png(request, depth_picture(np.asarray(view.depth)))


@router.get("/frames/{frame_id}/reconstruction.png")
def confidence(frame_id: int, request: Request, _studio: InStudio, ghosts: InGhosts) -> Response:
    """Give the reconstruction's confidence as colours; transparent where there is no depth."""
    view = _view(ghosts, frame_id)
    shares = np.asarray(view.confidence, np.float32)
    return _png(request, coloured(shares, np.asarray(view.depth) > 0, cv2.COLORMAP_VIRIDIS))


def depth_picture(depth: Float[np.ndarray, "r c"]) -> UInt8[np.ndarray, "r c 4"]:
    """Return BGRA colours of a depth: of its inverse, between the frame's own robust ends."""
    there = depth > 0
    if not there.any():
        return np.zeros((*depth.shape, 4), np.uint8)
    near = 1 / np.where(there, depth, 1).astype(np.float32)
    low, high = np.percentile(near[there], _ROBUST)
    shares = (near - np.float32(low)) / np.float32(max(high - low, 1e-6 * high))
    return coloured(shares, there, cv2.COLORMAP_PLASMA)


def coloured(
    shares: Float32[np.ndarray, "r c"], there: np.ndarray, colours: int
) -> UInt8[np.ndarray, "r c 4"]:
    """Return shares of 0 to 1 as BGRA colours of one of OpenCV's maps; transparent elsewhere."""
    grey = np.round(255 * shares.clip(0, 1)).astype(np.uint8)
    picture = np.empty((*grey.shape, 4), np.uint8)
    picture[..., :3] = cv2.applyColorMap(grey, colours)
    picture[..., 3] = 255
    picture[~there] = 0
    return picture


def _as_json(conflict: Conflict) -> dict[str, Any]:
    ends = zip(conflict.frames, conflict.labels, conflict.xy, strict=True)
    name = "-".join(f"{frame}.{label}.{x:.0f}.{y:.0f}" for frame, label, (x, y) in ends)
    return {
        "id": name,
        "classes": conflict.labels,
        "frames": conflict.frames,
        "xy": conflict.xy,
        "cells": conflict.cells,
    }


def _view(ghosts: Ghosts, frame_id: int) -> SceneView:
    view = ghosts.view(frame_id)
    if view is None:
        raise _no_view(frame_id)
    return view


def _no_view(frame_id: int) -> Exception:
    return refusal(404, f"frame {frame_id} has no place in a reconstruction")


def _png(request: Request, picture: np.ndarray) -> Response:
    """Answer with a PNG that browsers ask about each time; 304 where they have it."""
    content = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    tag = f'"{sha256(content).hexdigest()[:24]}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="image/png")
