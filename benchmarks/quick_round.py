"""The quick round as a user sees it: how soon it predicts, and how well, by the command line.

    .venv/bin/python -m benchmarks.quick_round CLIP [--ignore 11] [--frames 3 12] [--seeds 0 1 2]

CLIP holds images/ and labels/ (PNGs of the preset's class ids, named as the images). For each
number of scribbled frames and each seed a fresh project is labelled by the simulated annotator,
trained with `--preset quick` and compared with the labels. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from benchmarks import environment

COLUMNS = (
    "frames | seed | first prediction, s | all frames, s | mIoU same | mIoU other"
    " | scribbled pixels | load before"
)


@dataclass(frozen=True)
class Cell:
    """One round."""

    frames: int
    seed: str
    first: float
    """Seconds from the request to the first prediction."""
    everything: float
    """Seconds from the request to the end."""
    same: float | None
    other: float | None
    """None where every frame is scribbled."""
    density: float
    """Share of the scribbled frames' pixels that are labelled."""
    load: str

    def row(self) -> str:
        return (
            f"| {self.frames} | {self.seed} | {self.first:.1f} | {self.everything:.1f}"
            f" | {_score(self.same)} | {_score(self.other)} | {self.density:.1%} | {self.load} |"
        )


def main() -> None:
    options = _options()
    print(f"Quick round on {options.clip.name}\n\n{environment.describe()}\n")
    print(f"| {COLUMNS} |\n|{'---|' * (COLUMNS.count('|') + 1)}")
    with TemporaryDirectory() as folder:
        master = Path(folder) / "master"
        images = str(options.clip / "images")
        _rewis3d("new", str(master), "--images", images, "--classes", options.classes)
        for frames in options.frames:
            cells = []
            for cell in _cells(master, frames, options):
                print(cell.row(), flush=True)
                cells.append(cell)
            if len(cells) > 1:
                print(_mean(cells).row(), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clip", type=Path, help="folder with images/ and labels/")
    parser.add_argument("--ignore", help="value of the label PNGs that means no class")
    parser.add_argument("--classes", default="camvid-11", help="preset of the labels")
    parser.add_argument("--frames", type=int, nargs="+", default=[3, 12], help="scribbled frames")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--length", default="100", help="of the scribbles, in per cent")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of the preset")
    return parser.parse_args()


def _cells(master: Path, frames: int, options: argparse.Namespace) -> Iterator[Cell]:
    for seed in options.seeds:
        project = master.with_name("project")
        shutil.copytree(master, project)
        yield _cell(project, frames, seed, options)
        shutil.rmtree(project)


def _cell(project: Path, frames: int, seed: int, options: argparse.Namespace) -> Cell:
    labels = ["--labels", str(options.clip / "labels")]
    labels += [] if options.ignore is None else ["--ignore", options.ignore]
    drawing = ["--frames", str(frames), "--seed", str(seed), "--length", options.length]
    drawn = _rewis3d("strokes", "simulate", str(project), *labels, *drawing)
    load = environment.load().rpartition(": ")[2]
    changes = [word for pair in options.set for word in ("--set", pair)]
    _rewis3d("train", str(project), "--preset", "quick", "--seed", str(seed), "--wait", *changes)
    scores = json.loads(_rewis3d("evaluate", str(project), *labels, "--json", "-"))
    round_ = json.loads(_rewis3d("rounds", str(project), "--json"))[0]
    return Cell(
        frames=frames,
        seed=str(seed),
        first=round_["seconds_to_first"],
        everything=round_["seconds"],
        same=scores["miou"]["same"],
        other=scores["miou"]["other"],
        density=_density(drawn),
        load=load,
    )


def _density(said: str) -> float:
    found = re.search(r"([\d.]+)% of their pixels", said)
    if found is None:
        raise SystemExit(f"`strokes simulate` did not say how much it drew: {said!r}")
    return float(found[1]) / 100


def _mean(cells: Sequence[Cell]) -> Cell:
    return Cell(
        frames=cells[0].frames,
        seed="mean",
        first=mean(cell.first for cell in cells),
        everything=mean(cell.everything for cell in cells),
        same=_mean_score([cell.same for cell in cells]),
        other=_mean_score([cell.other for cell in cells]),
        density=mean(cell.density for cell in cells),
        load="",
    )


def _mean_score(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return mean(known) if known else None


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _rewis3d(*words: str) -> str:
    """Run a command and return what it says; the benchmark ends where it fails."""
    command = [sys.executable, "-P", "-m", "app", *words]
    done = subprocess.run(
        command, cwd=environment.ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"rewis3d {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    main()
