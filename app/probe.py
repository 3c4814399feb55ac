"""What the child process would find: `python -P -m app.probe` prints it as one line of JSON.

A process of its own, as the child is: nothing else of the studio imports torch.
"""

from __future__ import annotations

import json

import torch

from rewis3d.models import weights
from rewis3d.types import Rewis3dError


def device() -> str:
    """Return what a job would run on, for people."""
    if not torch.cuda.is_available():
        return f"processor, {torch.get_num_threads()} threads"
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return f"CUDA {torch.version.cuda}: " + ", ".join(names)


def backbone() -> tuple[str | None, str | None]:
    """Return the file of the backbone's weights and None, or None and what is wrong with it."""
    try:
        file = weights.lite0_path()
        weights.read_foreign(file, weights.LITE0_SHA256, hint=weights.LITE0_HINT)
    except Rewis3dError as error:
        return None, str(error)
    return str(file), None


def main() -> None:
    """Print the findings."""
    file, problem = backbone()
    found = {"torch": torch.__version__, "device": device(), "weights": file, "problem": problem}
    print(json.dumps(found))  # noqa: T201 - the pipe to app/doctor.py


if __name__ == "__main__":
    main()
