"""Records what the real MapAnything package gives, so that our conversion is tested without it.

Run it where the package is installed (docs/mapanything.md), with a checkout of its repository:

    python -m tests.rewis3d.reconstruct.record_mapanything CHECKOUT tests/rewis3d/reconstruct

It builds MapAnything from the repository's own configuration with a small CroCo encoder and random
weights, teaches it two views of a plane with a known camera (random rays belong to no camera, so
that pixel conventions could not be checked), runs `infer` and writes its output as an npz file.
Nothing of the package is replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

HEIGHT, WIDTH, FOCAL = 48, 64, 60.0
DEPTH: Final = 4.0
STEPS: Final = 200
FILE: Final = "mapanything_recorded.npz"
KEYS: Final = (
    "pts3d",
    "pts3d_cam",
    "depth_z",
    "conf",
    "non_ambiguous_mask",
    "intrinsics",
    "camera_poses",
)


def build(checkout: Path) -> Any:
    """Return the package's model with random weights, a few million of them."""
    from mapanything.models import (  # pyright: ignore[reportMissingImports]  # optional
        MapAnything,
    )

    fields = configuration(checkout)
    torch.manual_seed(0)
    return MapAnything(
        name="mapanything",
        encoder_config=fields["encoder"],
        info_sharing_config=fields["info_sharing"],
        pred_head_config=fields["pred_head"],
        geometric_input_config=fields["task"],
        info_sharing_mlp_layer_str="mlp",
    ).eval()


def configuration(checkout: Path) -> dict[str, Any]:
    """Return the repository's configuration of MapAnything, made small."""
    from omegaconf import OmegaConf  # pyright: ignore[reportMissingImports]  # optional

    OmegaConf.register_new_resolver("special_float", float, replace=True)

    def read(name: str) -> Any:
        loaded = OmegaConf.load(checkout / "configs" / "model" / f"{name}.yaml")
        loaded.pop("defaults", None)
        return loaded

    encoder, sharing = read("encoder/croco_512"), read("info_sharing/aat_ifr_24_layers")
    encoder.pretrained_checkpoint_path = None
    encoder.update({"enc_embed_dim": 192, "enc_depth": 2, "enc_num_heads": 3})
    sharing.module_args.update(
        {"depth": 4, "indices": [1, 2], "size": "tiny", "dim": 192, "num_heads": 3}
    )
    head = read("pred_head/dpt_pose_scale")
    head.adaptor_config = read("pred_head/adaptor_config/raydirs_depth_pose_confidence_mask_scale")
    head.feature_head.feature_dim = 64
    task = OmegaConf.merge(read("task/default"), read("task/images_only"))
    model = {"encoder": encoder, "info_sharing": sharing, "pred_head": head, "task": task}
    resolved = OmegaConf.to_container(OmegaConf.create({"model": model}), resolve=True)
    assert isinstance(resolved, dict)
    return resolved["model"]


def views(model: Any) -> list[dict[str, Any]]:
    """Return two images of a checkered wall, the second shifted, as `infer` takes them."""
    columns, rows = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    made = []
    for shift in (0, 8):
        grey = ((columns + shift) // 8 + rows // 8) % 2
        image = torch.tensor(grey, dtype=torch.float32)[None, None].repeat(1, 3, 1, 1) - 0.5
        made.append({"img": image, "data_norm_type": [model.encoder.data_norm_type]})
    return made


def rays() -> torch.Tensor:
    """Return unit rays of a pinhole whose principal point is the image's centre.

    With pixel centres at i + 0.5: written out here, with nothing of ours or theirs.
    """
    x = (torch.arange(WIDTH) + 0.5 - WIDTH / 2) / FOCAL
    y = (torch.arange(HEIGHT) + 0.5 - HEIGHT / 2) / FOCAL
    plane = torch.stack([*torch.meshgrid(x, y, indexing="xy"), torch.ones(HEIGHT, WIDTH)], dim=-1)
    return plane / plane.norm(dim=-1, keepdim=True)


def teach(model: Any) -> None:
    """Fit the model to the wall: its rays, its depth, and a camera that moves to the right."""
    wanted = rays()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=STEPS)
    for step in range(STEPS):
        loss = torch.zeros(())
        for place, out in enumerate(model(views(model))):
            moved = torch.tensor([0.5 * place, 0, 0])
            along = out["depth_along_ray"][0, ..., 0] * wanted[..., 2]
            loss = loss + (out["ray_directions"][0] - wanted).square().mean() * 100
            loss = loss + (along / DEPTH - 1).square().mean()
            loss = loss + (out["cam_trans"][0] - moved).square().mean()
            loss = loss + (out["cam_quats"][0].abs()[3] - 1).square()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.5f}", flush=True)  # noqa: T201  a script


def recorded(predictions: list[Mapping[str, torch.Tensor]]) -> dict[str, np.ndarray]:
    """Return what the conversion needs, by view and key, without the batch axis."""
    return {
        f"{place}.{key}": prediction[key][0].numpy()
        for place, prediction in enumerate(predictions)
        for key in KEYS
    }


def main(checkout: Path, folder: Path) -> None:
    """Build, teach, infer, write."""
    model = build(checkout)
    teach(model)
    with torch.inference_mode():
        predictions = model.infer(
            views(model),
            memory_efficient_inference=True,
            use_amp=False,
            apply_mask=False,
            apply_confidence_mask=False,
        )
    np.savez_compressed(folder / FILE, **recorded(predictions))  # type: ignore[arg-type]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
