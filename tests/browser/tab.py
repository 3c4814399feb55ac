"""One browser tab on the studio, and what a hand does in it. Places are in image pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Route

Place = tuple[float, float]
HOOK: Final = "window.rewis3d?.idle && document.querySelector('#studio[data-ready]')"


class Tab:
    """A page of the studio that notes every error and every request to elsewhere."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.url = url
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))

    def open(self) -> Tab:
        """Load the studio and wait until its first frame is shown."""
        self.page.goto(self.url)
        return self._opened()

    def reload(self) -> Tab:
        """Load the page again."""
        self.page.reload()
        return self._opened()

    def _opened(self) -> Tab:
        self.page.wait_for_function(HOOK)
        return self.idle()

    def idle(self) -> Tab:
        """Wait until everything is loaded, painted and saved."""
        self.page.evaluate("window.rewis3d.idle()")
        return self

    def state(self, expression: str) -> Any:
        """Return a value of the page's state, such as `frames.length`."""
        return self.page.evaluate(f"window.rewis3d.state.{expression}")

    def until(self, expression: str, *, seconds: float = 10) -> None:
        """Wait until a condition of the page's state holds; `s` is the state."""
        test = f"(() => {{ const s = window.rewis3d.state; return {expression}; }})()"
        self.page.wait_for_function(test, timeout=1000 * seconds)

    def find(self, selector: str) -> Locator:
        """Return what a CSS selector finds."""
        return self.page.locator(selector)

    def press(self, *keys: str) -> Tab:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def client(self, place: Place) -> Place:
        """Return where an image place lies in the window, by what the browser shows."""
        box = self.find(".layer.image").bounding_box()
        width = self.page.evaluate("document.querySelector('.layer.image').width")
        assert box is not None
        scale = box["width"] / width
        return box["x"] + place[0] * scale, box["y"] + place[1] * scale

    def draw(self, *places: Place, then: Callable[[], None] | None = None) -> Tab:
        """Draw a stroke through image places; `then` runs before the button is let go."""
        self.drag([self.client(place) for place in places], then=then)
        return self

    def drag(self, places: Sequence[Place], *, then: Callable[[], None] | None = None) -> None:
        """Drag the mouse through places of the window."""
        mouse = self.page.mouse
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place, steps=6)
        if then is not None:
            then()
        mouse.up()

    def ink(self, place: Place, *, layer: str = "ink") -> tuple[int, int, int, int]:
        """Return the RGBA value of a canvas layer at an image place."""
        x, y = self.client(place)
        script = """([name, x, y]) => {
          const canvas = document.querySelector(`.layer.${name}`);
          const box = canvas.getBoundingClientRect();
          const scale = canvas.width / box.width;
          const at = [(x - box.left) * scale, (y - box.top) * scale];
          return [...canvas.getContext("2d").getImageData(...at.map(Math.floor), 1, 1).data];
        }"""
        red, green, blue, alpha = self.page.evaluate(script, [layer, x, y])
        return red, green, blue, alpha

    def save_state(self) -> str:
        """Return what the tick at the top shows: saved, saving, offline or connecting."""
        return self.find(".save-chip").get_attribute("data-state") or ""

    def tell(self, topic: str, detail: Any = None) -> None:
        """Emit a topic of the page's state, as its own modules do."""
        script = (
            "([topic, detail]) => import('/static/state.js').then((m) => m.emit(topic, detail))"
        )
        self.page.evaluate(script, [topic, detail])

    def hold(self, pattern: str) -> list[Route]:
        """Hold the next request to a pattern back; the list has it once it was made."""
        held: list[Route] = []

        def keep(route: Route) -> None:
            held.append(route)

        self.page.route(pattern, keep, times=1)
        return held

    def forgive(self, *parts: str) -> None:
        """Drop the errors that the browser notes of what a test does on purpose."""
        self.errors = [text for text in self.errors if not any(part in text for part in parts)]

    def assert_clean(self) -> None:
        """Nothing went wrong in the page, and nothing was asked of another server."""
        assert not self.errors, self.errors
        assert self.foreign == []

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(self.url).netloc:
            self.foreign.append(request.url)
