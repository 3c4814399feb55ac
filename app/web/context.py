"""What every route needs: the project, the live notices, and how answers are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field, StrictInt
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.web.live import Live
from app.workspace import Workspace

AUTHOR: Final = "annotator"
"""Whose strokes these are: one person works in a studio."""


@dataclass(frozen=True, slots=True)
class Studio:
    """The project that the server shows, and its hub of notices."""

    workspace: Workspace
    live: Live
    version: str
    """Tells this project's files from those of another one on the same port: see `files`."""

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A writing transaction; open pages hear of its events as soon as it is committed."""
        with self.workspace.write() as conn:
            yield conn
        self.live.wake()


PROJECT_HEADER: Final = "X-Rewis3d-Project"
"""With it a page says which project it shows (`Studio.version`)."""


def _studio(connection: HTTPConnection) -> Studio:
    studio: Studio = connection.app.state.studio
    shown = connection.headers.get(PROJECT_HEADER)
    if shown is not None and shown != studio.version:
        # Another studio had this port: the ids that the page knows are not this project's.
        raise refusal(412, "this page shows another project; load it again")
    return studio


InStudio = Annotated[Studio, Depends(_studio)]
"""A route's parameter of this type is the studio."""


_LARGEST: Final = 2**63 - 1
"""Of the numbers that the database can be asked for."""
Number = Annotated[int, Field(ge=0, le=_LARGEST)]
"""A frame, a class or a round in a path."""
BodyNumber = Annotated[StrictInt, Field(ge=0, le=_LARGEST)]
"""The same in a body."""


class Body(BaseModel):
    """The JSON that a client sends: exactly the named fields, no NaN, no infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def reply(payload: dict[str, Any], *, status: int = 200) -> Response:
    """Return the JSON answer; numpy arrays of numbers become lists."""
    content = orjson.dumps(payload, option=orjson.OPT_SERIALIZE_NUMPY)
    headers = {"Cache-Control": "no-store"}
    return Response(content, status, headers, media_type="application/json")


def refusal(status: int, line: str) -> HTTPException:
    """Return the exception that answers `{"error": line}`."""
    return HTTPException(status, line)
