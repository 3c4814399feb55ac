"""The one web application: the studio's own routes, the page, and the gate before both."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, WebSocket
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.ghosts import Ghosts
from app.schema import project
from app.web import login, refusals, viewer_proxy
from app.web.api import classes, exports, frames, ghosts, rounds, scene, strokes, viewer
from app.web.api import project as overview
from app.web.auth import Access
from app.web.context import Studio, refusal
from app.web.guard import MAX_BODY, Guard
from app.web.live import Live
from app.web.viewing import Viewing
from app.workspace import Workspace

STATIC: Final = Path(str(files("app.web"))) / "static"
_ALL_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(workspace: Workspace, *, access: Access, page: bool = True) -> FastAPI:
    """Return the application on an open project; `page=False` leaves Gradio out (for tests)."""
    studio = Studio(workspace, Live(workspace), _version(workspace))
    viewing = Viewing(workspace.root, studio.live.tell)
    studio.live.listen(viewing.changed)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        studio.live.start()
        try:
            yield
        finally:
            studio.live.stop()
            app.state.ghosts.close()
            await run_in_threadpool(viewing.stop)

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.studio = studio
    app.state.ghosts = Ghosts(workspace)
    app.state.viewing = viewing
    refusals.install(app)
    app.include_router(login.routes(access))
    for module in (
        overview,
        frames,
        strokes,
        classes,
        rounds,
        scene,
        exports,
        ghosts,
        viewer,
        viewer_proxy,
    ):
        app.include_router(module.router)
    _add_rest(app, studio)
    if page:
        # Gradio makes locks; where no event loop runs it opens one for each and never closes it.
        asyncio.run(_mount_page(app))
    app.add_middleware(Guard, access=access)
    return app


def _add_rest(app: FastAPI, studio: Studio) -> None:
    @app.websocket("/api/live")
    async def live(
        socket: WebSocket,
        since: Annotated[int | None, Query()] = None,
        client: Annotated[str | None, Query()] = None,
    ) -> None:
        await studio.live.serve(socket, since, client)

    @app.get("/healthz")
    def healthz() -> Response:
        with studio.workspace.read() as conn:
            conn.execute(select(project.c.id))
        return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})

    @app.api_route("/api/{path:path}", methods=_ALL_METHODS, include_in_schema=False)
    def unknown(path: str) -> Response:
        raise refusal(404, f"there is no /api/{path} here")

    # Gradio's own files lie under /static as well.
    app.mount("/static", _Static(directory=STATIC, packages=[_GRADIO_FILES]), name="static")


_GRADIO_FILES: Final = ("gradio", "templates/frontend/static")


class _Static(StaticFiles):
    """Files that browsers ask about each time (by ETag), so that an update is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the file or with 304."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


async def _mount_page(app: FastAPI) -> None:
    # Gradio reads this on import; importing takes seconds, so it waits until a page is wanted.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    from app.web.ui import page

    options: dict[str, Any] = {"run_history": False, **page.mount_options()}
    gr.mount_gradio_app(app, page.build(), "/", max_file_size=MAX_BODY, **options)


def _version(workspace: Workspace) -> str:
    with workspace.read() as conn:
        made = conn.execute(select(project.c.created_at)).scalar_one()
    return f"{round(made * 1000):x}"
