"""Every error leaves as `{"error": one line}` with the status that says whose it is.

400 the request, 404 no such thing, 409 not now, 413 too large, 503 the disk or the database: the
same request may work later, so a page keeps its strokes and tries again.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DatabaseError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from annotations.types import AnnotationError
from app.errors import StudioError
from app.web.context import reply
from rewis3d.types import Rewis3dError

_log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Register the handlers of all errors."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(AnnotationError, _wrong)
    app.add_exception_handler(Rewis3dError, _wrong)
    app.add_exception_handler(StudioError, _studio)
    app.add_exception_handler(Exception, _unexpected)


def _http(_request: Request, error: Any) -> Response:
    return reply({"error": one_line(str(error.detail))}, status=error.status_code)


def _invalid(_request: Request, error: Any) -> Response:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    message = "the body is not JSON" if first["type"] == "json_invalid" else first["msg"]
    return reply({"error": one_line(f"{place}: {message}" if place else message)}, status=400)


def _wrong(_request: Request, error: Exception) -> Response:
    return reply({"error": one_line(str(error))}, status=400)


def _studio(_request: Request, error: Exception) -> Response:
    disk = isinstance(error.__cause__, DatabaseError | sqlite3.DatabaseError | OSError)
    return reply({"error": one_line(str(error))}, status=503 if disk else 409)


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    line = f"unexpected {type(error).__name__}; the studio's log has the details"
    return reply({"error": line}, status=500)


def one_line(text: str) -> str:
    """Return the text without line ends, at most 500 characters."""
    return " ".join(text.split())[:500]
