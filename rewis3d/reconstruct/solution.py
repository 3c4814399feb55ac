"""What is known once the cameras are: where frames were taken from, and why some were not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from rewis3d.scene import SceneFolder, SceneGeometry
from rewis3d.types import Rewis3dError

SOLUTION_FILE: Final = "solution.json"


@dataclass(frozen=True, slots=True)
class Seam:
    """Where two chunks of a long clip overlap: how well they fit (chunks/seam.py)."""

    frame: int
    """The first frame of the later chunk."""
    shared: int
    """Frames that both have placed."""
    turn: float | None
    """Degrees by which the cameras of a frame stand differently: the median; None where unknown."""
    shift: float | None
    """How far they are apart, as a share of the frame's depth."""
    depth: float | None
    """By which share their depths differ."""
    refusal: str | None = None
    """Why the chunks are scenes of their own; None where they are joined."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The cameras of a project's frames. Frame ids are the project's."""

    scenes: tuple[SceneGeometry, ...]
    ranges: Mapping[int, tuple[float, float]]
    """Near and far depth of each view, in its scene's unit."""
    reasons: Mapping[int, str] = field(default_factory=dict)
    """One line for people for each frame that lies in no scene."""
    cuts: tuple[int, ...] = ()
    """Frames before which the trajectory was cut."""
    reprojection_error_px: float | None = None
    """Mean over the observations, in pixels of the images."""
    notes: tuple[str, ...] = ()
    """What else people should know, such as where the focal length comes from."""
    scale: float = 1.0
    """The scenes' units per unit of what was given: depths that are read later are scaled too."""
    seams: tuple[Seam, ...] = ()
    """Of a clip that was solved in chunks."""


def save(solution: Solution, folder: Path, scene_folder: SceneFolder) -> None:
    """Write the cameras into the scene's folder, then the rest into the job folder."""
    scene_folder.write_cameras(solution.scenes)
    fields = {
        "ranges": {str(frame): list(pair) for frame, pair in solution.ranges.items()},
        "reasons": {str(frame): reason for frame, reason in solution.reasons.items()},
        "cuts": list(solution.cuts),
        "reprojection_error_px": solution.reprojection_error_px,
        "notes": list(solution.notes),
        "scale": solution.scale,
        "seams": [asdict(seam) for seam in solution.seams],
    }
    aside = folder / f"{SOLUTION_FILE}.partial"
    aside.write_text(json.dumps(fields, indent=1))
    aside.replace(folder / SOLUTION_FILE)


def load(folder: Path, scene_folder: SceneFolder) -> Solution | None:
    """Read what `save` wrote; None where the cameras are not known yet."""
    path = folder / SOLUTION_FILE
    if not path.exists():
        return None
    try:
        fields = json.loads(path.read_text())
        return Solution(
            scenes=tuple(scene_folder.cameras()),
            ranges={int(frame): (low, high) for frame, (low, high) in fields["ranges"].items()},
            reasons={int(frame): reason for frame, reason in fields["reasons"].items()},
            cuts=tuple(fields["cuts"]),
            reprojection_error_px=fields["reprojection_error_px"],
            notes=tuple(fields["notes"]),
            scale=fields.get("scale", 1.0),  # older jobs that go on have none
            seams=tuple(Seam(**seam) for seam in fields.get("seams", ())),
        )
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Rewis3dError(f"{path}: can't be read ({error})") from error
