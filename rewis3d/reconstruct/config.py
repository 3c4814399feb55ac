"""How a clip is reconstructed: one frozen record, made from the defaults and what the user says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from rewis3d.config import DEVICES, demand, read_settings

BACKENDS: Final = ("auto", "mapanything", "colmap", "given", "depth")


@dataclass(frozen=True, slots=True)
class ReconstructConfig:
    """Settings of a reconstruction."""

    backend: str = "auto"
    """given where cameras are given; mapanything where its package, its weights and a CUDA device
    are there; else colmap, the embedded one, which needs no download."""
    focal: float = 0.0
    """Focal length in pixels of the frames; 0 takes the file's own word, else estimates it."""
    max_side: int = 480
    """Upper bound in cells on the longer side of the grids that depth is computed on."""
    planes: int = 96
    """Depth hypotheses of the plane sweep."""
    sources: int = 6
    """Views that a view is compared with."""
    weights: str = "facebook/map-anything-apache"
    """MapAnything's: a hub id or a local folder."""
    depth_weights: str = "depth-anything/Depth-Anything-V2-Metric-Outdoor-Small-hf"
    """Of monocular depth for frames without geometry: a hub id or a local folder."""
    chunk: int = 400
    """Most frames whose cameras the embedded backend solves at once; longer clips are solved in
    chunks that overlap (docs/decisions/0011-long-clips.md)."""
    batch: int = 200
    """Most frames that MapAnything sees at once; longer clips take several passes that overlap."""
    overlap: int = 20
    """Frames that two neighbouring chunks share, a third of a chunk at most. 0 joins none."""
    depth_scale: float = 0.0
    """Stored values per metre of given depth images, such as 1000; 0: nobody said."""
    depth_registered: str = ""
    """yes where given depth images lie on the colour images, no where not; empty: nobody said."""
    sweeps: int = 1
    """LiDAR sweeps that a view sees: its own, and as many before it as after it. More of them cover
    more of what stands, and show what moves in several places (docs/decisions/0010)."""
    seed: int = 0
    """Of what the backends choose at random."""
    device: str = "auto"
    """auto (CUDA where there is one), cpu or cuda; of the networks."""

    def __post_init__(self) -> None:
        """Refuse what can't be worked with; Rewis3dError names the setting."""
        demand(self, "backend", self.backend in BACKENDS, f"one of {', '.join(BACKENDS)}")
        demand(self, "focal", 0 <= self.focal < 1e6, "0 or a focal length in pixels")
        demand(self, "max_side", 64 <= self.max_side <= 4096, "64 to 4096")
        demand(self, "planes", 8 <= self.planes <= 1024, "8 to 1024")
        demand(self, "sources", 1 <= self.sources <= 32, "1 to 32")
        demand(self, "chunk", self.chunk >= 10, "10 or more")
        demand(self, "batch", 1 <= self.batch <= 200, "1 to 200")
        demand(self, "overlap", 0 <= self.overlap <= 100, "0 to 100")
        demand(self, "depth_scale", 0 <= self.depth_scale < 1e9, "0 or more")
        demand(self, "depth_registered", self.depth_registered in ("", "yes", "no"), "yes or no")
        demand(self, "sweeps", 1 <= self.sweeps <= 21 and self.sweeps % 2 == 1, "odd, 1 to 21")
        demand(self, "device", self.device in DEVICES, f"one of {', '.join(DEVICES)}")


def resolve(backend: str, overrides: Mapping[str, str]) -> ReconstructConfig:
    """Return the defaults for a backend with the settings that `name=value` texts override."""
    return from_json({"backend": backend, **overrides})


def to_json(config: ReconstructConfig) -> dict[str, Any]:
    """Return the config as plain JSON values."""
    return asdict(config)


def from_json(fields: Mapping[str, Any]) -> ReconstructConfig:
    """Read what `to_json` wrote; numbers may be texts. Rewis3dError names what does not fit."""
    return read_settings(ReconstructConfig, fields)
