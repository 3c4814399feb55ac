"""Fixtures: the web application on the small project."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.web.auth import Access
from app.web.server import create_app
from app.workspace import Workspace


@pytest.fixture
def client(project: Workspace) -> Iterator[TestClient]:
    """A client of the studio's own routes, without Gradio's page."""
    app = create_app(project, access=Access(), page=False)
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        yield client
