"""Files of the project as answers: small, so they are read in one go, and cached by browsers."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.web.context import Studio, refusal

_FOR_EVER: Final = "private, max-age=31536000, immutable"
_ASK_FIRST: Final = "private, no-cache"


def project_file(
    request: Request, studio: Studio, relative: str, *, media_type: str, lasting: bool = False
) -> Response:
    """Return a file that the database names; 404 where it is gone.

    A `lasting` one may be kept for ever under `?v=` with the project's version: another project on
    the same port has the same frame ids, but another version. Else browsers ask each time.
    """
    path = studio.workspace.path(relative)
    try:
        content = path.read_bytes()
        stamp = path.stat().st_mtime_ns
    except FileNotFoundError as error:
        raise refusal(404, f"{relative} is missing from the project folder") from error
    keep = lasting and request.query_params.get("v") == studio.version
    state = f"{studio.version} {relative} {stamp} {len(content)}"
    tag = f'"{sha256(state.encode()).hexdigest()[:24]}"'
    headers = {"Cache-Control": _FOR_EVER if keep else _ASK_FIRST, "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)
