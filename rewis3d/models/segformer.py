"""SegFormer (arXiv:2105.15203) as transformers has it: a pretrained encoder under an MLP head.

Weights are never fetched: their licence is for the user to accept, by fetching them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from rewis3d.hub import folder_of, weights_are_here
from rewis3d.licences import licence_of
from rewis3d.models.lite import Length
from rewis3d.models.network import DROPOUT, Network
from rewis3d.types import Rewis3dError

KIND: Final = "segformer"
MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)
"""ImageNet's, of colours 0 to 1."""
_FEWEST: Final = 64
"""Pixels along a side of what the encoder sees, smaller frames are enlarged: two cells of its
coarsest map, for torch.export takes a size of 1 for a case of its own."""
NUMBERS: Final = (
    "num_encoder_blocks",
    "depths",
    "sr_ratios",
    "hidden_sizes",
    "patch_sizes",
    "strides",
    "num_attention_heads",
    "mlp_ratios",
    "hidden_act",
    "drop_path_rate",
    "layer_norm_eps",
    "decoder_hidden_size",
    "initializer_range",
)
"""Of transformers' SegformerConfig: those that make the network what it is."""
_UNREADABLE: Final = (SafetensorError, UnpicklingError, EOFError)
"""What files raise that hold no weights."""


class SegFormer(Network):
    """Frames in, logits out, at any size and batch; frames are seen at their own size."""

    def __init__(
        self,
        model: Any,
        *,
        weights: str,
        licence: str,
        window: tuple[int, int] | None,
    ) -> None:
        super().__init__()
        self.model = model
        """transformers' SegformerForSemanticSegmentation."""
        self.weights = weights
        """What it was trained from."""
        self.licence = licence
        """Of those weights: it binds what is trained from them as well."""
        self.window = window

    @classmethod
    def blank(
        cls,
        *,
        numbers: Mapping[str, Any],
        classes: int,
        weights: str,
        licence: str,
        window: tuple[int, int] | list[int] | None,
    ) -> SegFormer:
        """Return a network on the meta device, to be given a state."""
        from transformers import SegformerConfig, SegformerForSemanticSegmentation

        config = SegformerConfig(**numbers, classifier_dropout_prob=DROPOUT)
        config.num_labels = classes
        with torch.device("meta"):
            model = SegformerForSemanticSegmentation(config)
        size = None if window is None else (window[0], window[1])
        return cls(model, weights=weights, licence=licence, window=size)

    @property
    def classifier(self) -> nn.Conv2d:
        """The head's last layer."""
        return self.model.decode_head.classifier

    def record(self) -> dict[str, Any]:
        """Return what `blank` takes but for the classes, with the kind."""
        return {
            "kind": KIND,
            "numbers": {name: getattr(self.model.config, name) for name in NUMBERS},
            "weights": self.weights,
            "licence": self.licence,
            "window": self.window,
        }

    def coarse(self, rgb: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k r s"]:
        """Return logits at a quarter of the frames' size."""
        rows: Length = torch.sym_max(rgb.shape[2], _FEWEST)
        columns: Length = torch.sym_max(rgb.shape[3], _FEWEST)
        mean, std = (rgb.new_tensor(values)[:, None, None] for values in (MEAN, STD))
        enlarged = functional.interpolate(
            (rgb / 255 - mean) / std, (rows, columns), mode="bilinear", align_corners=False
        )
        return self.model(enlarged).logits


def pretrained(
    weights: str,
    *,
    classes: int,
    generator: torch.Generator,
    window: tuple[int, int] | None = None,
) -> SegFormer:
    """Return a SegFormer with a published encoder and a new head; `weights` is an id or a folder.

    Rewis3dError where the weights are not on this disk, naming their licence, or are of something
    else.
    """
    encoder = _encoder(weights)
    folder = Path(weights).expanduser()
    network = SegFormer.blank(
        numbers={name: getattr(encoder.config, name) for name in NUMBERS},
        classes=classes,
        weights=folder.name if folder.is_dir() else weights,
        licence=licence_of(weights),
        window=window,
    )
    network.model.segformer.load_state_dict(encoder.state_dict(), assign=True)
    head = network.model.decode_head.to_empty(device="cpu")
    _initialise(head, encoder.config.initializer_range, generator)
    return network.eval().requires_grad_(False)


def _encoder(weights: str) -> Any:
    """Load transformers' SegformerModel, all of it, or Rewis3dError."""
    from transformers import SegformerModel

    folder = folder_of(weights)
    if folder is None or not weights_are_here(weights, pickled=True):
        raise Rewis3dError(
            f"weights {weights!r} (licence: {licence_of(weights)}) are not on this machine, and"
            f" nothing fetches them by itself: run `hf download {weights}` if you accept their"
            " licence, or name a folder: --set weights=FOLDER"
        )
    load: Any = SegformerModel.from_pretrained
    try:
        # A folder, not the id: for an id the library looks for other files on the network.
        model, found = load(str(folder), dtype=torch.float32, output_loading_info=True)
    except (*_UNREADABLE, OSError, ValueError, RuntimeError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise Rewis3dError(f"weights {weights!r} can't be loaded: {first}") from error
    if missing := sorted(found["missing_keys"]):
        raise Rewis3dError(f"weights {weights!r} are not SegFormer's: {missing[0]} is missing")
    return model


def _initialise(head: nn.Module, deviation: float, generator: torch.Generator) -> None:
    """Give a head the random weights that transformers would, but from a generator."""
    for layer in head.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.normal_(layer.weight, std=deviation, generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
