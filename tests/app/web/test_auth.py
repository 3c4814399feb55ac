from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import StudioError
from app.web import auth
from app.web.auth import Access, Throttle, is_loopback, same_origin

TOKEN = "a long token"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_only_this_machine_reaches_loopback(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "studio.example", ""])
def test_every_other_address_is_public(host: str):
    assert not is_loopback(host)
    with pytest.raises(StudioError, match="needs a token"):
        Access(host)


def test_a_short_token_is_refused():
    with pytest.raises(StudioError, match="at least 8"):
        Access("0.0.0.0", "1234567")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:7860", "localhost", "LOCALHOST:9", "[::1]:7860", "127.0.0.1"]
)
def test_a_loopback_studio_answers_to_the_names_of_this_machine(host: str):
    assert Access().answers_to(host)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "localhost.evil"]
)
def test_a_loopback_studio_answers_to_no_other_name(host: str):
    assert not Access().answers_to(host)


def test_a_public_studio_answers_to_every_name():
    assert Access("0.0.0.0", TOKEN).answers_to("studio.example:443")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:7860", "localhost:7860"),
        ("https://Studio.example", "studio.example"),
        ("https://studio.example", "studio.example:443"),
        ("http://studio.example:80", "studio.example"),
        ("http://[::1]:7860", "[::1]:7860"),
    ],
)
def test_the_same_host_and_port_are_the_same_origin(origin: str, host: str):
    assert same_origin(origin, host)


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://evil", "http://localhost:3000", "ftp://localhost:7860", "localhost:7860"],
)
def test_another_host_port_or_scheme_is_foreign(origin: str):
    assert not same_origin(origin, "localhost:7860")


def test_only_the_token_is_admitted():
    access = Access("0.0.0.0", TOKEN)
    assert access.admits(TOKEN)
    assert not access.admits(TOKEN + "x")
    assert not access.admits("")
    assert not Access().admits("")


def test_a_session_is_known_until_it_runs_out_and_after_a_restart(monkeypatch: pytest.MonkeyPatch):
    session = Access("0.0.0.0", TOKEN).new_session()
    again = Access("0.0.0.0", TOKEN)
    assert again.knows(session)
    late = auth.time.time() + auth.SESSION_SECONDS + 1
    monkeypatch.setattr(auth.time, "time", lambda: late)
    assert not again.knows(session)


def test_a_session_of_another_token_is_unknown():
    other = Access("0.0.0.0", "another token")
    assert not Access("0.0.0.0", TOKEN).knows(other.new_session())
    assert other.cookie != Access("0.0.0.0", TOKEN).cookie


@given(st.text(max_size=80))
def test_no_made_up_session_is_known(text: str):
    assert not ACCESS.knows(text)
    assert not ACCESS.knows(f"9999999999.{text}")
    assert not ACCESS.knows(None)


ACCESS = Access("0.0.0.0", TOKEN)


def test_an_altered_session_is_unknown():
    expiry, _, rest = ACCESS.new_session().partition(".")
    assert not ACCESS.knows(f"{int(expiry) + 1}.{rest}")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(auth.time, "monotonic", clock)
    return clock


def test_an_address_waits_after_five_wrong_tokens(clock: Clock):
    throttle = Throttle()
    for _ in range(auth.PER_ADDRESS):
        assert throttle.wait_seconds("a") == 0
        throttle.failed("a")
        clock.now += 1
    assert throttle.wait_seconds("a") == auth.WINDOW_SECONDS - auth.PER_ADDRESS
    assert throttle.wait_seconds("b") == 0
    clock.now += auth.WINDOW_SECONDS
    assert throttle.wait_seconds("a") == 0


def test_all_addresses_together_wait_too(clock: Clock):
    throttle = Throttle()
    for number in range(auth.EVERYWHERE):
        assert throttle.wait_seconds(f"address {number}") == 0
        throttle.failed(f"address {number}")
    assert throttle.wait_seconds("a new one") == auth.WINDOW_SECONDS
