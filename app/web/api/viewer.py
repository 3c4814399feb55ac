"""The view in 3D as a tab asks for it: opened, closed, and how the scene is shown there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.viewer.messages import Appearance, Colouring
from app.web.context import Body, InStudio, reply
from app.web.viewing import Viewing

router = APIRouter(prefix="/api/viewer")

Client = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


def _viewing(connection: HTTPConnection) -> Viewing:
    return connection.app.state.viewing


InViewing = Annotated[Viewing, Depends(_viewing)]
"""A route's parameter of this type is what knows the tabs that look."""


class Wish(Body):
    """How a tab wants to see the scene; see `Appearance`."""

    colouring: Colouring = "strokes"
    hidden: tuple[int, ...] = Field(default=(), max_length=256)
    confidence: float = Field(default=0.05, ge=0, le=1)
    reach: float = Field(default=1.0, ge=0, le=1)
    size: float = Field(default=1.0, ge=0.1, le=10)
    cameras: bool = True
    dark: bool = False

    def as_appearance(self) -> Appearance:
        """Return it for the viewer."""
        return Appearance(**self.model_dump())


class Opening(Body):
    """A tab that wants to see the scene, and the frame that it shows."""

    client: Client
    frame: int | None = None
    appearance: Wish = Wish()


class Closing(Body):
    """A tab that looks no longer."""

    client: Client


class Looking(Body):
    """What a tab shows: its frame, or a piece of the reconstruction that was asked for."""

    client: Client
    frame: int | None = None
    piece: int | None = Field(default=None, ge=0)


class Dressing(Body):
    """How a tab wants to see the scene from now on."""

    client: Client
    appearance: Wish


@router.post("/open")
def open_view(opening: Opening, _studio: InStudio, viewing: InViewing) -> Response:
    """Show the scene to a tab; starts the viewer's process where none runs."""
    appearance = opening.appearance.as_appearance()
    return reply(viewing.open(opening.client, opening.frame, appearance))


@router.post("/close")
def close_view(closing: Closing, viewing: InViewing) -> Response:
    """Forget a tab."""
    viewing.close(closing.client)
    return reply(viewing.status(closing.client))


@router.post("/look")
def look(looking: Looking, _studio: InStudio, viewing: InViewing) -> Response:
    """Highlight the camera of the tab's frame, or change to another piece."""
    viewing.show(looking.client, frame=looking.frame, piece=looking.piece)
    return reply(viewing.status(looking.client))


@router.post("/appearance")
def dress(dressing: Dressing, viewing: InViewing) -> Response:
    """Show a tab its scene differently."""
    viewing.look(dressing.client, dressing.appearance.as_appearance())
    return reply(viewing.status(dressing.client))
