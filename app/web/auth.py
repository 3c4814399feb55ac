"""Who may talk to the studio: names it answers to, origins, sessions, and throttled logins.

One ASGI middleware outside everything, Gradio's own routes and every WebSocket included.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from app.errors import StudioError

SESSION_SECONDS: Final = 30 * 24 * 3600
MIN_TOKEN: Final = 8
"""Characters of the shortest token that a public address takes."""
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Access:
    """How the studio may be reached."""

    host: str = "127.0.0.1"
    """The address it is bound to."""
    token: str | None = None
    """The password; None lets in everybody who reaches a loopback address."""
    key: bytes = field(init=False, repr=False)
    """Signs session cookies. Made from the token, so that sessions survive a restart."""

    def __post_init__(self) -> None:
        if self.token is None and not is_loopback(self.host):
            raise StudioError(f"the address {self.host} is public: it needs a token")
        if self.token is not None and len(self.token) < MIN_TOKEN:
            raise StudioError(f"the token is too short: at least {MIN_TOKEN} characters")
        object.__setattr__(self, "key", _stretch(self.token))

    @property
    def cookie(self) -> str:
        """The session cookie's name: its own per token, for cookies know no ports."""
        return f"rewis3d_{hashlib.sha256(self.key).hexdigest()[:12]}"

    def answers_to(self, host_header: str) -> bool:
        """Return whether a request for this Host is meant for this studio.

        On a loopback address any other name is a page elsewhere that points its name here (DNS
        rebinding). A public address has names that we can't know; there the session protects.
        """
        name = _name(host_header)
        return name == self.host or name in _LOOPBACK_NAMES or not is_loopback(self.host)

    def admits(self, token: str) -> bool:
        """Return whether this is the token; takes the same time whatever differs."""
        wanted = (self.token or "").encode()
        return self.token is not None and hmac.compare_digest(token.encode(), wanted)

    def new_session(self) -> str:
        """Return the value of a fresh session cookie."""
        body = f"{int(time.time()) + SESSION_SECONDS}.{secrets.token_hex(8)}"
        return f"{body}.{self._sign(body)}"

    def knows(self, session: str | None) -> bool:
        """Return whether a cookie is one of ours and has not run out."""
        if self.token is None:
            return True
        body, _, signature = (session or "").rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(body).encode()):
            return False
        return int(body.partition(".")[0]) > time.time()

    def _sign(self, body: str) -> str:
        return hmac.new(self.key, body.encode(), hashlib.sha256).hexdigest()


def same_origin(origin: str, host_header: str) -> bool:
    """Return whether an Origin header names the very host and port that the request is for."""
    scheme, separator, place = origin.partition("://")
    if not separator or scheme not in ("http", "https"):
        return False  # "null" and extensions
    default = ":443" if scheme == "https" else ":80"
    return place.lower().removesuffix(default) == host_header.lower().removesuffix(default)


def _name(host_header: str) -> str:
    text = host_header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def _stretch(token: str | None) -> bytes:
    if token is None:
        return secrets.token_bytes(32)
    # Slow on purpose: a stolen cookie must not give a weak token away.
    return hashlib.scrypt(token.encode(), salt=b"rewis3d session", n=2**14, r=8, p=1, dklen=32)


PER_ADDRESS: Final = 5
"""Wrong tokens that one address may give within WINDOW_SECONDS."""
EVERYWHERE: Final = 60
"""Wrong tokens that all addresses together may give within WINDOW_SECONDS."""
WINDOW_SECONDS: Final = 60.0


class Throttle:
    """Counts wrong tokens of the last minute, per address and in all."""

    def __init__(self) -> None:
        self._failures: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    def wait_seconds(self, address: str) -> float:
        """Return how long this address has to wait before it may try again; 0 where it need not."""
        with self._lock:
            now = self._forget_old()
            own = [at for at, who in self._failures if who == address]
            if len(own) >= PER_ADDRESS:
                return own[-PER_ADDRESS] + WINDOW_SECONDS - now
            if len(self._failures) >= EVERYWHERE:
                return self._failures[-EVERYWHERE][0] + WINDOW_SECONDS - now
            return 0.0

    def failed(self, address: str) -> None:
        """Note a wrong token."""
        with self._lock:
            now = self._forget_old()
            self._failures.append((now, address))

    def _forget_old(self) -> float:
        now = time.monotonic()
        self._failures = [entry for entry in self._failures if entry[0] > now - WINDOW_SECONDS]
        return now
