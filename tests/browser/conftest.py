"""One browser and one address for all tests, a project, a server and new tabs for each.

At the same address the browser finds Gradio's files in its cache: a page opens twice as fast.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from app.workspace import Workspace
from tests.browser import clip
from tests.browser.running import RunningStudio
from tests.browser.tab import Tab


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that Playwright brings."""
    system = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=system if system.exists() else None, args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def clip_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that each test copies."""
    return clip.make_project(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def studio(clip_master: Path, tmp_path: Path, port: int) -> Iterator[RunningStudio]:
    """A studio on a project of one's own, without a worker."""
    root = tmp_path / "project"
    shutil.copytree(clip_master, root)
    with RunningStudio(root, port) as running:
        yield running


@pytest.fixture
def workspace(studio: RunningStudio) -> Workspace:
    """The project that the studio shows."""
    return studio.workspace


@pytest.fixture(scope="session")
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """The browser's profile, with windows of 1280 x 800."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def context(profile: BrowserContext, studio: RunningStudio) -> Iterator[BrowserContext]:
    """The profile; at the end all tabs are closed and nothing is kept of what they stored."""
    yield profile
    page = profile.new_page()
    page.goto(f"{studio.url}healthz")
    page.evaluate("localStorage.clear()")
    for each in profile.pages:
        each.close()


@pytest.fixture
def tab(studio: RunningStudio, context: BrowserContext) -> Iterator[Tab]:
    """The studio in a tab; at the end nothing may have gone wrong in it."""
    tab = Tab(context, studio.url).open()
    yield tab
    tab.assert_clean()
