"""What a training needs to go on after a kill: one file, written whole or not at all.

training.safetensors holds the networks' and optimisers' tensors; its header holds the rest as
JSON. No random state is kept: all that is random is a function of the seed and the step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from rewis3d.reports import Scores, read_scores
from rewis3d.types import Rewis3dError

Chosen = Literal["student", "teacher"]
STATE_FILE: Final = "training.safetensors"
_NETWORK, _OPTIMISER, _RECORD = "network", "optimiser", "training"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which of the two 2D networks is better on the held-out labels."""

    chosen: Chosen
    scores: Scores | None
    """Its scores; None where nothing judges."""


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far a training is."""

    step: int
    """Steps that are done."""
    steps: int | None
    """Of how many; None as long as a training by minutes does not know yet."""
    seconds: float
    """Spent in these steps, over all attempts."""
    micro_batch: int
    """Views that go through the networks at once: less than was asked for where memory ran out."""
    job: str
    """What identifies the job that it belongs to."""
    verdict: Verdict | None = None
    """None as long as nothing was judged."""


def save_state(
    folder: Path,
    progress: Progressed,
    *,
    networks: Mapping[str, nn.Module],
    optimisers: Mapping[str, Optimizer],
) -> None:
    """Write the state into a folder, in the place of the one before."""
    tensors = dict(_tensors(networks, optimisers))
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{STATE_FILE}.partial"
    save_file(tensors, aside, metadata={_RECORD: json.dumps(asdict(progress))})
    aside.replace(folder / STATE_FILE)


def load_state(
    folder: Path,
    job: str,
    *,
    networks: Mapping[str, nn.Module],
    optimisers: Mapping[str, Optimizer],
) -> Progressed | None:
    """Put the state of a job back into networks and optimisers, and return how far it was.

    None where there is no state, or another job's. Rewis3dError where the file is broken or is of
    other networks.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            progress = _progressed(json.loads((file.metadata() or {})[_RECORD]))
            if progress.job != job:
                return None
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for name, network in networks.items():
            network.load_state_dict(_under(state, f"{_NETWORK}.{name}."))
        for name, optimiser in optimisers.items():
            _restore(optimiser, _under(state, f"{_OPTIMISER}.{name}."))
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        first = next(iter(str(error).splitlines()), "")
        raise Rewis3dError(f"{path}: the state of a training can't be read ({first})") from error
    return progress


def _progressed(fields: Mapping[str, Any]) -> Progressed:
    verdict = fields["verdict"]
    if verdict is not None:
        scores = verdict["scores"]
        verdict = Verdict(verdict["chosen"], None if scores is None else read_scores(scores))
    return Progressed(**{**fields, "verdict": verdict})


def drop_state(folder: Path) -> None:
    """Take the state away once the training is over: nobody needs it any more."""
    (folder / STATE_FILE).unlink(missing_ok=True)


def _tensors(
    networks: Mapping[str, nn.Module], optimisers: Mapping[str, Optimizer]
) -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor under its name in the file, contiguous and on the CPU."""
    for name, network in networks.items():
        for key, value in network.state_dict().items():
            yield f"{_NETWORK}.{name}.{key}", value.detach().cpu().contiguous().clone()
    for name, optimiser in optimisers.items():
        for index, values in optimiser.state_dict()["state"].items():
            for key, value in values.items():
                place = f"{_OPTIMISER}.{name}.{index}.{key}"
                yield place, torch.as_tensor(value).detach().cpu().contiguous().clone()


def _under(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


def _restore(optimiser: Optimizer, found: Mapping[str, Tensor]) -> None:
    """Give an optimiser what it remembers of each parameter; its groups stay as they are."""
    memory: dict[int, dict[str, Tensor]] = {}
    for place, value in found.items():
        index, key = place.split(".", 1)
        memory.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": memory})
