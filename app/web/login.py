"""The token form: the only page that is shown without a session."""

from __future__ import annotations

import math
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.web.auth import SESSION_SECONDS, Access, Throttle

_LARGEST_FORM: Final = 4096
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Rewis3d Studio: log in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
 body {{ font: 16px system-ui, sans-serif; display: grid; place-items: center; min-height: 100vh;
        margin: 0; }}
 form {{ display: grid; gap: .75rem; width: min(22rem, 90vw); }}
 h1 {{ font-size: 1.25rem; margin: 0; }}
 p {{ margin: 0; opacity: .8; }}
 input, button {{ font: inherit; padding: .6rem .75rem; border-radius: .4rem; }}
 input {{ border: 1px solid #8888; }}
 button {{ border: 0; background: #2563eb; color: #fff; cursor: pointer; }}
 .wrong {{ color: #dc2626; opacity: 1; }}
</style></head><body>
<form method="post" action="/login">
 <h1>Rewis3d Studio</h1>
 <p>Enter the token that the studio printed when it started.</p>
 {notice}
 <label for="token">Token</label>
 <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
 <button>Log in</button>
</form></body></html>
"""


def routes(access: Access) -> APIRouter:
    """Return the routes of the form, with a throttle of their own."""
    router = APIRouter()
    throttle = Throttle()

    @router.get("/login")
    def form() -> Response:
        """Show the form; without a token there is nothing to log in to."""
        return _page() if access.token is not None else RedirectResponse("/", 303)

    @router.post("/login")
    async def log_in(request: Request) -> Response:
        """Take the token and give a session."""
        address = request.client.host if request.client else ""
        body = await request.body()
        # From here on nothing waits, so that many requests at once can't slip past the throttle.
        wait = throttle.wait_seconds(address)
        if wait > 0:
            seconds = math.ceil(wait)
            headers = {"Retry-After": str(seconds)}
            return _page(f"Too many wrong tokens. Try again in {seconds} s.", 429, headers)
        token = parse_qs(body[:_LARGEST_FORM].decode("utf-8", "replace")).get("token", [""])[0]
        if not access.admits(token):
            throttle.failed(address)
            return _page("That is not the token.", 401)
        return _welcome(access, secure=request.url.scheme == "https")

    return router


def _page(notice: str = "", status: int = 200, headers: dict[str, str] | None = None) -> Response:
    line = f'<p class="wrong" role="alert">{notice}</p>' if notice else ""
    return HTMLResponse(
        _PAGE.format(notice=line), status, {"Cache-Control": "no-store", **(headers or {})}
    )


def _welcome(access: Access, *, secure: bool) -> Response:
    response = RedirectResponse("/", 303)
    response.set_cookie(
        access.cookie,
        access.new_session(),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return response
