"""Frames: their images, and which of them are kept for evaluation."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from annotations import store
from annotations.schema import frames
from app import events
from app.web.context import Body, InStudio, Number, Studio, refusal, reply
from app.web.files import project_file

router = APIRouter(prefix="/api/frames")
_MEDIA: Final = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


class Reservation(Body):
    """Whether a frame is kept for evaluation only."""

    reserved: bool


@router.get("/{frame_id}/image")
def image(frame_id: Number, request: Request, studio: InStudio) -> Response:
    """Give the frame's image."""
    return _picture(frame_id, request, studio, column="file")


@router.get("/{frame_id}/thumbnail")
def thumbnail(frame_id: Number, request: Request, studio: InStudio) -> Response:
    """Give the frame's small image."""
    return _picture(frame_id, request, studio, column="thumbnail")


@router.patch("/{frame_id}")
def reserve(frame_id: Number, wanted: Reservation, studio: InStudio) -> Response:
    """Keep a frame for evaluation, or give it back to training."""
    with studio.write() as conn:
        if conn.scalar(select(frames.c.id).where(frames.c.id == frame_id)) is None:
            raise refusal(404, f"there is no frame {frame_id}")
        store.set_reserved(conn, [frame_id], wanted.reserved)
        events.append(conn, "frames")
    return reply({"reserved": wanted.reserved})


def _picture(frame_id: int, request: Request, studio: Studio, *, column: str) -> Response:
    with studio.workspace.read() as conn:
        relative = conn.scalar(select(frames.c[column]).where(frames.c.id == frame_id))
    if relative is None:
        raise refusal(404, f"there is no frame {frame_id}")
    suffix = relative[relative.rfind(".") :].lower()
    media_type = _MEDIA.get(suffix, "application/octet-stream")
    return project_file(request, studio, relative, media_type=media_type, lasting=True)
