"""The gate before everything that the server answers: see `Guard`."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.auth import Access, same_origin
from app.web.context import reply

OPEN: Final = frozenset({"/login", "/healthz"})
"""Paths that need no session."""
CLOSED: Final = tuple(
    f"/gradio_api/{name}"
    for name in ("proxy=", "file", "upload", "stream", "vibe-", "undo-vibe-", "run-history", "runs")
)
"""What Gradio can do and the page has no use for: fetch, keep and hand out files, edit its code."""
MAX_BODY: Final = 8 * 2**20
"""Bytes of the largest request: a stroke of 100 000 vertices takes four million."""
_TOO_LARGE: Final = f"the request is larger than {MAX_BODY >> 20} MB"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY: Final = (
    "default-src 'self'; "
    # Gradio's page has inline scripts and makes functions of text; nothing comes from elsewhere.
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Lets a request through when its Host, Origin, session and size are right.

    Foreign origins are refused for reading too: a page elsewhere has nothing to ask here.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if scope["type"] == "websocket":
            await (refused or self._app)(scope, receive, send)
        elif refused is not None:
            await refused(scope, receive, _Hardened(send))
        else:
            await self._limited(scope, receive, _Hardened(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if scope["path"].startswith(CLOSED):
            return reply({"error": "this part of Gradio is switched off"}, status=404)
        if not self._access.answers_to(host):
            return reply({"error": f"this studio does not answer to the name {host!r}"}, status=403)
        if _is_foreign(scope, headers, host):
            return reply({"error": "a page from elsewhere may not ask this studio"}, status=403)
        if scope["path"] in OPEN or self._access.knows(_cookie(headers, self._access.cookie)):
            return None
        if "text/html" in headers.get("accept", "") and scope.get("method") == "GET":
            return RedirectResponse("/login", 303)
        return reply({"error": "log in first"}, status=401)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            await reply({"error": _TOO_LARGE}, status=413)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:  # sent in chunks, without a length
                raise HTTPException(413, _TOO_LARGE)
            return message

        await self._app(scope, counted, send)


class _Hardened:
    """A `send` that adds the security headers to the answer."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _is_foreign(scope: Scope, headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is not None:
        return not same_origin(origin, host)
    # No Origin: a program, or a browser that reads. Browsers say from where; following a link is
    # fine, embedding us is not ("same-site" is another port of this machine).
    site = headers.get("sec-fetch-site", "none")
    if site in ("same-origin", "none"):
        return False
    link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") in (
        "document",
        None,
    )
    return not (link and scope.get("method") in _READING)


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return None if morsel is None else morsel.value
