"""One browser for all tests, a project, a server and a browser context for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from app.workspace import Workspace
from tests.browser import clip
from tests.browser.running import RunningStudio
from tests.browser.tab import Tab

OpenTab = Callable[[], Tab]


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
def studio(clip_master: Path, tmp_path: Path) -> Iterator[RunningStudio]:
    """A studio on a project of one's own, without a worker."""
    root = tmp_path / "project"
    shutil.copytree(clip_master, root)
    with RunningStudio(root) as running:
        yield running


@pytest.fixture
def workspace(studio: RunningStudio) -> Workspace:
    """The project that the studio shows."""
    return studio.workspace


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile with a window of 1280 x 800."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def tab(studio: RunningStudio, context: BrowserContext) -> Iterator[Tab]:
    """The studio in a tab; at the end nothing may have gone wrong in it."""
    tab = Tab(context, studio.url).open()
    yield tab
    tab.assert_clean()
