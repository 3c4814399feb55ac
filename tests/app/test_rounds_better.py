"""A round that is to be used if it is better: shown at its end, or not, and never otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from app import events, rounds, runs
from app.errors import RunLostError
from app.runs import Claim
from app.workspace import Workspace
from rewis3d.reports import Published, Rival, Scores
from tests.app import samples

SCORES = Scores(0.75, 0.75, {}, 40)


@dataclass(frozen=True)
class _Case:
    scores: Scores | None
    shown: int
    asked: bool = True


def _rival(own: float | None, miou: float | None, *, number: int = 1) -> Scores:
    return replace(SCORES, rival=Rival(number, miou=miou, own=own, classes=2, pixels=40))


CASES = {
    "wins": _Case(_rival(0.75, 0.5), shown=2),
    "loses": _Case(_rival(0.5, 0.75), shown=1),
    "is as good": _Case(_rival(0.5, 0.5), shown=1),
    "wins, and nobody asked": _Case(_rival(0.75, 0.5), shown=1, asked=False),
    "had no rival": _Case(replace(SCORES, no_rival="the round that was active has no model"), 1),
    "shares no judged class": _Case(_rival(None, None), shown=1),
    "was not judged": _Case(None, shown=1),
    "wins over another round": _Case(_rival(0.75, 0.5, number=7), shown=1),
}


def _begin(workspace: Workspace, *, use_if_better: bool) -> Claim:
    with workspace.write() as conn:
        one = rounds.create(conn, preset="quick", config={}, seed=0, use_if_better=use_if_better)
        claim = runs.claim(conn, one.run.run_id, slot="a")
    assert claim is not None
    assert one.use_if_better is use_if_better
    return claim


def _end(workspace: Workspace, claim: Claim, scores: Scores | None = None) -> None:
    frame_id = samples.frame_ids(workspace)[0]
    with workspace.write() as conn:
        rounds.publish(conn, claim, [Published(frame_id, "labels.png", "confidence.png")])
        if scores is not None:
            rounds.record_scores(conn, claim, scores)
        rounds.finish(conn, claim)
        runs.finish(conn, claim, result={})


def _shown(workspace: Workspace) -> list[int]:
    """Return what was announced as shown, in order; the last one must be what is shown."""
    with workspace.read() as conn:
        told = [e.payload["round"] for e in events.after(conn, 0) if e.kind == "active"]
        assert told[-1] == rounds.active_round(conn)
    return told


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_round_that(project: Workspace, case: _Case) -> None:
    samples.label_all(project)
    _end(project, _begin(project, use_if_better=False), SCORES)
    _end(project, _begin(project, use_if_better=case.asked), case.scores)
    assert _shown(project) == ([1] if case.shown == 1 else [1, 2])


def test_what_somebody_chose_meanwhile_stays(project: Workspace) -> None:
    samples.label_all(project)
    for _ in range(2):
        _end(project, _begin(project, use_if_better=False), SCORES)
    late = _begin(project, use_if_better=True)
    with project.write() as conn:
        rounds.activate(conn, 2)
    _end(project, late, _rival(0.75, 0.5))
    assert _shown(project) == [1, 2]


def test_who_lost_the_run_shows_nothing(project: Workspace) -> None:
    samples.label_all(project)
    _end(project, _begin(project, use_if_better=False), SCORES)
    late = _begin(project, use_if_better=True)
    with project.write() as conn:
        rounds.record_scores(conn, late, _rival(0.75, 0.5))
        runs.claim(conn, late.run_id, slot="b")
    with pytest.raises(RunLostError), project.write() as conn:
        rounds.finish(conn, late)
    assert _shown(project) == [1]
