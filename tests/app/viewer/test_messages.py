from __future__ import annotations

import pytest

from app.errors import StudioError
from app.viewer import messages
from app.viewer.messages import Appearance, from_line, to_line

EVERY = [
    messages.Open("a-tab", 3, Appearance(colouring="prediction", hidden=(4, 7), dark=True)),
    messages.Open("a-tab", None, Appearance()),
    messages.Close("a-tab"),
    messages.Show("a-tab", frame=4),
    messages.Show("a-tab", piece=1),
    messages.Look("a-tab", Appearance(confidence=0.5, reach=0.25, size=2.0, cameras=False)),
    messages.Changed("stroke", 3),
    messages.Changed("scene"),
    messages.Opened("a-tab", 40000, "key"),
    messages.Shown("a-tab", (60, 40), 1, 1_000_000, True, "a line\nwith an end"),
    messages.Clicked("a-tab", 3, (12.5, 7.25)),
    messages.Clicked("a-tab", 3, None),
    messages.Trouble("no"),
]


@pytest.mark.parametrize("message", EVERY, ids=lambda message: type(message).__name__)
def test_a_message_comes_back_from_its_line(message: messages.Request | messages.Answer):
    line = to_line(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert from_line(line) == message


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[1]", b'{"kind": "close"}', b'{"kind": "x"}', b"no"]
)
def test_what_is_no_message_is_refused_with_the_line(line: bytes):
    with pytest.raises(StudioError, match="not a message of the 3D viewer"):
        from_line(line)


@pytest.mark.parametrize("wrong", [{"confidence": 1.1}, {"reach": -0.1}, {"size": 0.0}])
def test_an_appearance_that_makes_no_sense_is_refused(wrong: dict):
    with pytest.raises(StudioError):
        Appearance(**wrong)
