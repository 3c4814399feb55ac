"""What an exported model says of itself, and the script that runs it."""

from __future__ import annotations

from typing import Final

from rewis3d.checkpoint import Checkpoint
from rewis3d.models.network import Network
from rewis3d.models.segformer import SegFormer

SCRIPT: Final = '''\
"""python predict.py IMAGE OUT.png: writes train ids; class_map.json says what they mean."""
import sys
import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession(__file__.replace("predict.py", "model.onnx"))
rgb = np.asarray(Image.open(sys.argv[1]).convert("RGB"), np.float32)
logits = session.run(None, {"rgb": rgb.transpose(2, 0, 1)[None]})[0]
Image.fromarray(logits[0].argmax(0).astype(np.uint8)).save(sys.argv[2])
'''

_CARD: Final = """\
---
{front}
pipeline_tag: image-segmentation
---
# {title}

Semantic segmentation, trained on scribbles with Rewis3d Studio: {origin}.

{network}
- Input `rgb`: float32 (b, 3, h, w), colours 0 to 255, any size and batch. Resizing and
  normalisation are inside. Output `logits`: float32 (b, {count}, h, w).
- Held-out strokes: {scores}.
- It has seen the clips of one project only; expect less elsewhere.

| train id | class | held-out IoU |
|---|---|---|
{rows}

Run it: `pip install onnxruntime numpy pillow`, then `python predict.py IMAGE OUT.png`.
"""


_LITE: Final = """\
- Network: EfficientNet-Lite0 (ImageNet weights, Apache-2.0, {state}), enlarged input (scale
  {scale:g}), a perceptron with {hidden} hidden units over its maps."""
_SEGFORMER: Final = """\
- Network: SegFormer, trained from {weights}. Licence of these weights: {licence}.
  It binds what is trained from them, and so this model.
- `transformers.SegformerForSemanticSegmentation.from_pretrained` reads this folder; colours are
  normalised as preprocessor_config.json says, and its logits have a quarter of the image's size."""
_WINDOW: Final = """
- It was trained on crops: the studio predicts frames larger than {columns} x {rows} in windows of
  that size, each half over the next, and takes the mean of their logits."""


def card(checkpoint: Checkpoint, options: dict[str, str]) -> str:
    """Return the model card in Markdown."""
    front, network = _network(checkpoint.network)
    return _CARD.format(
        front=front,
        title=_plain(options.get("project", "Segmentation model")),
        origin=_origin(checkpoint),
        network=network,
        count=len(checkpoint.classes),
        scores=_scores(checkpoint),
        rows="\n".join(_rows(checkpoint)),
    )


def _network(network: Network) -> tuple[str, str]:
    """Return the card's first lines, for machines, and what it says of the network."""
    if isinstance(network, SegFormer):
        licence = _plain(network.licence)
        front = f"license: other\nlicense_name: {licence}\nlibrary_name: transformers"
        said = _SEGFORMER.format(weights=_path(network.weights), licence=licence)
        if network.window is not None:
            rows, columns = network.window
            said += _WINDOW.format(rows=rows, columns=columns)
        return front, said
    record = network.record()
    state = "frozen" if record["untouched"] else "trained on with the rest"
    lite = _LITE.format(state=state, scale=record["scale"], hidden=record["hidden"])
    return "license: apache-2.0\nlibrary_name: onnx", lite


def _origin(checkpoint: Checkpoint) -> str:
    known = {key.replace("_", " "): _plain(text) for key, text in checkpoint.origin.items()}
    known["seed"] = str(checkpoint.seed)
    return ", ".join(f"{key} {text}" for key, text in known.items())


def _scores(checkpoint: Checkpoint) -> str:
    scores = checkpoint.scores
    if scores is None or scores.miou is None:
        return "none"
    return f"mIoU {scores.miou:.3f} over {scores.pixels} pixels"


def _rows(checkpoint: Checkpoint) -> list[str]:
    ious = checkpoint.scores.iou if checkpoint.scores else {}
    rows = []
    for train_id, spec in enumerate(checkpoint.classes):
        iou = ious.get(spec.name)
        rows.append(f"| {train_id} | {_plain(spec.name)} | {'' if iou is None else f'{iou:.3f}'} |")
    return rows


def _plain(text: str) -> str:
    """Return user text without what Markdown or HTML would act on."""
    return "".join(c if c.isalnum() or c in " -_.,()" else " " for c in text).strip()


def _path(text: str) -> str:
    """Return the id of weights, plain."""
    return "/".join(map(_plain, text.split("/")))
