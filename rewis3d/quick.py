"""The quick round: fit a small head to the strokes in seconds, then predict every frame.

It goes in stages, and each publishes when it is ready: a head that has learnt the strokes; one that
has learnt from the frames around them too (rewis3d/relearn.py); the clip's labels, read off over
time (rewis3d/over_time.py). The later ones count only where held-out strokes agree.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from rewis3d.array_cache import ArrayCache
from rewis3d.checkpoint import Checkpoint, build, load_checkpoint, save_checkpoint
from rewis3d.clip import Clip, near_drawn
from rewis3d.config import QuickConfig
from rewis3d.device import pick
from rewis3d.features import Frames
from rewis3d.fit import Portion, standardisation
from rewis3d.flow.carry import REACH
from rewis3d.heads import JUDGING, LEARNING, Fitted, answered, fitted, fitted_around
from rewis3d.job import Job, read_job
from rewis3d.judge import Answers, answers, scored
from rewis3d.labelled import Training, drawn_on, read_labelled
from rewis3d.models.network import Network, ready
from rewis3d.models.segmenter import Head, Segmenter, StandardHead
from rewis3d.models.weights import lite0
from rewis3d.over_time import flows_of, over_time
from rewis3d.predict import predict, predict_frame
from rewis3d.presets import read_as
from rewis3d.publish import LEARNT, publish
from rewis3d.relearn import Learner, followed, portions
from rewis3d.reports import Done, Point, Progress, Published, Report, Scores
from rewis3d.rival import JUDGED, Pair, by_frames, compared

MODEL: Final = "model"
"""The checkpoint's folder under the job's output."""
LOOKING: Final = {LEARNING: "looking around", JUDGING: "judging around"}
"""What the second stage is called while it looks at the frames around those with strokes."""


@dataclass(frozen=True, slots=True)
class _Round:
    """What every stage works with."""

    job: Job
    config: QuickConfig
    frames: Frames
    folder: Path

    @property
    def output(self) -> Path:
        return self.folder / self.job.output

    @property
    def looks_around(self) -> bool:
        return self.config.does("carried") or self.config.does("pseudo")

    def checkpoint(self, head: Head, scores: Scores | None) -> Checkpoint:
        network = build(self.config, copy.deepcopy(head).cpu(), lite0())
        job = self.job
        return Checkpoint(network, job.classes, self.config, job.seed, scores, job.options)

    def network(self, head: Head) -> Segmenter:
        """Return the network with a head, `ready` and on its device."""
        network = build(self.config, copy.deepcopy(head).cpu(), lite0())
        return ready(network).to(self.frames.device)


@dataclass(frozen=True, slots=True)
class _Heads:
    """What the strokes have taught."""

    training: Training
    everything: Fitted
    judged: Fitted | None
    """Of all but the judging pixels; None where nothing judges."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """How a head does on the judging pixels."""

    scores: Scores
    answers: Answers


def run(folder: Path) -> Iterator[Report]:
    """Train and predict as the job folder says; goes on where a killed run was.

    Rewis3dError where nothing is labelled or a file can't be read.
    """
    started = time.monotonic()
    job = read_job(folder)
    config = read_as(QuickConfig, job.config)
    frames = Frames(folder, ArrayCache(folder / job.features), pick(config.device))
    round_ = _Round(job, config, frames, folder)
    heads = None
    if not (round_.output / MODEL).is_dir():
        heads = yield from _first(round_)
    network, scores = yield from _model(round_)
    looks = round_.looks_around and scores is not None and scores.around is None
    if looks or not (scores and scores.helped_by_around):
        yield from predict(network, frames, job, round_.output)
    if looks:
        yield from _second(round_, heads or (yield from _first(round_)))
        network, scores = yield from _model(round_)
    yield from _last(round_, network, scores)
    yield Done({"frames": len(job.views), "seconds": round(time.monotonic() - started, 2)})


def _model(round_: _Round) -> Generator[Scores, None, tuple[Network, Scores | None]]:
    """Return the round's model as it is now, and tell its scores."""
    checkpoint = load_checkpoint(round_.output / MODEL)
    if checkpoint.scores:
        yield checkpoint.scores
    return ready(checkpoint.network).to(round_.frames.device), checkpoint.scores


def _last(
    round_: _Round, network: Network, scores: Scores | None
) -> Generator[Progress | Published | Scores, None, None]:
    """Publish the labels over time where these are better, else a second head's, frame by frame.

    Nobody would see a second head's labels of all frames for more than the seconds until those over
    time take their place. Of the open frame, which somebody looks at, they come first.
    """
    job, config, frames, output = round_.job, round_.config, round_.frames, round_.output
    learnt = scores is not None and scores.helped_by_around
    if config.does("fused"):
        if learnt:
            yield from predict(network, frames, _opened(job), output, kind=LEARNT)
        memory = config.memory
        over = yield from over_time(
            network, scores, job, frames, folder=round_.folder, memory=memory
        )
        if over:
            return
    if learnt:
        yield from predict(network, frames, job, output, kind=LEARNT)


def _opened(job: Job) -> Job:
    """Return the job for the frame alone that is open."""
    return replace(job, views=job.views[:1])


def _first(round_: _Round) -> Generator[Progress | Point | Published, None, _Heads]:
    """Fit on all, publish the open frame, judge, and save the checkpoint.

    Somebody waits for the open frame, so it comes before the judgement. It is predicted anew where
    a run was killed in between: what is published comes from the model that is saved.
    """
    job, config, frames = round_.job, round_.config, round_.frames
    untrained = round_.network(Head(hidden=config.hidden, classes=len(job.classes)))
    training = yield from read_labelled(
        job, frames, network=untrained, folder=round_.folder, grow=config.grow
    )
    everything = yield from fitted(training.everything, job, config, stage=LEARNING)
    network = round_.network(everything.head)
    yield publish(predict_frame(network, frames, job.views[0]), round_.output)
    judged, scores = None, None
    if len(training.judge.labels) and len(training.without_judge.drawn.labels):
        judged = yield from fitted(training.without_judge, job, config, stage=JUDGING)
        mark = _marked(round_, judged.head, training)
        scores = mark.scores
        if not round_.looks_around:
            scores = yield from _beside_rival(round_, judged.head, training, mark)
        save_checkpoint(round_.checkpoint(judged.head, scores), round_.output / JUDGED)
    save_checkpoint(round_.checkpoint(everything.head, scores), round_.output / MODEL)
    return _Heads(training, everything, judged)


def _second(round_: _Round, heads: _Heads) -> Generator[Progress | Point, None, None]:
    """Fit anew to frames around those with strokes, too; keep that where it answers no worse.

    What judges comes first: where it says no, the other head need not be fitted.
    """
    if heads.judged is None:
        raise ValueError("nothing judges")
    flows = flows_of(round_.job, round_.folder)
    clips = [Clip(piece, round_.frames, flows) for piece in near_drawn(round_.job.views, REACH)]
    yield from followed(clips)
    before = _marked(round_, heads.judged.head, heads.training)
    judged = yield from _around(round_, heads.judged, clips, stage=JUDGING)
    after = _marked(round_, judged, heads.training)
    both = {"strokes": before.scores.miou, "around": after.scores.miou}
    after = replace(after, scores=replace(after.scores, **both))
    before = replace(before, scores=replace(before.scores, **both))
    if after.scores.helped_by_around:
        mark = after
        head = yield from _around(round_, heads.everything, clips, stage=LEARNING)
    else:
        mark, judged, head = before, heads.judged.head, heads.everything.head
    scores = yield from _beside_rival(round_, judged, heads.training, mark)
    save_checkpoint(round_.checkpoint(judged, scores), round_.output / JUDGED)
    save_checkpoint(round_.checkpoint(head, scores), round_.output / MODEL)


def _around(
    round_: _Round, learnt: Fitted, clips: Sequence[Clip], *, stage: str
) -> Generator[Progress | Point, None, Head]:
    """Return a head that has learnt from the frames around those with strokes, too."""
    job, config = round_.job, round_.config
    drawn = drawn_on(round_.folder, without_judge=stage == JUDGING)
    learner = Learner(round_.network(learnt.head), learnt.pixels, drawn)
    parts = yield from portions(learner, clips, config, seed=job.seed, stage=LOOKING[stage])
    return (yield from fitted_around(parts, job, config, stage=stage))


def _marked(round_: _Round, head: Head, training: Training) -> _Mark:
    """Ask a head at the judging pixels, which it has not learnt."""
    truth = training.judge.labels.to(torch.uint8).cpu().numpy()
    own = Answers(truth, answered(head, training.judge), training.judged_at)
    scores = scored(own, round_.job.classes)
    if scores is None:
        raise AssertionError("there are judging pixels")
    return _Mark(scores, own)


def _beside_rival(
    round_: _Round, head: Head, training: Training, mark: _Mark
) -> Generator[Progress, None, Scores]:
    """Return a mark's scores beside those of the round that was active."""
    job, frames, folder = round_.job, round_.frames, round_.folder

    def ask(checkpoint: Checkpoint) -> Generator[Progress, None, Pair]:
        """Ask both heads where they read the same maps, else both networks for whole frames."""
        judge = training.judge
        if its_head := _head_over_same_maps(checkpoint.network, round_.config):
            found = answered(its_head.to(judge.labels.device), judge)
            return Pair(mark.answers, replace(mark.answers, found=found))
        whole = yield from answers(round_.network(head), job, frames, folder=folder)
        return (yield from by_frames(checkpoint, whole, job, frames, folder=folder))

    return (yield from compared(mark.scores, job, ask, folder=folder))


def _head_over_same_maps(network: Network, config: QuickConfig) -> Head | None:
    """Return a network's head where the maps of this round are those that it learnt from."""
    if not (isinstance(network, Segmenter) and network.untouched):
        return None
    same = (network.scale, network.longest) == (config.scale, config.longest)
    return network.head if same else None


def without_judge(
    job: Job, config: QuickConfig, *, frames: Frames, folder: Path
) -> Generator[Progress | Point, None, Segmenter]:
    """Return the network of a quick round that was never shown the judging pixels.

    Its head can learn on (see `StandardHead`).
    """
    untrained = build(config, Head(hidden=config.hidden, classes=len(job.classes)), lite0())
    training = yield from read_labelled(
        job, frames, network=ready(untrained).to(frames.device), folder=folder, grow=config.grow
    )
    learnt = yield from fitted(training.without_judge, job, config, stage=LEARNING)
    mean, deviation = standardisation([Portion(training.without_judge.drawn)])
    return build(config, StandardHead(learnt.head, mean, deviation).cpu(), lite0())
