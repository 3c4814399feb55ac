"""Render the sample clip that ships with the studio, anew from its seed.

    .venv/bin/python -m benchmarks.sample_clip [FOLDER]

Writes images/, labels/ and cameras.json; FOLDER is the shipped one if it is not given. Depth is not
shipped: `app.street.view.render(SEED)` gives it again, with everything else that is true.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from app.sample import CLIP, SEED, make_sample


def main() -> None:
    parser = argparse.ArgumentParser(description="Render the sample clip anew.")
    parser.add_argument("folder", type=Path, nargs="?", default=CLIP)
    folder: Path = parser.parse_args().folder
    with TemporaryDirectory() as aside:
        made = make_sample(Path(aside))
        shipped = [*made.images.iterdir(), *made.labels.iterdir(), made.cameras]
        for file in shipped:
            target = folder / file.relative_to(aside)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"seed {SEED}: {len(shipped)} files, {total / 1e6:.2f} MB in {folder}")


if __name__ == "__main__":
    main()
