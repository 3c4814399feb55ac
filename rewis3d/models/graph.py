"""A network as a graph: for files that others run, and for ONNX Runtime, which is quick on CPU."""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rewis3d.models.network import Network
from rewis3d.types import Rewis3dError

_EXAMPLE: Final = (2, 3, 96, 128)
"""A batch of 1 would be taken for a constant."""


def traced(network: Network) -> torch.export.ExportedProgram:
    """Return a network that is `ready`, but not channels last, for any size and batch."""
    dynamic = torch.export.Dim.DYNAMIC
    return torch.export.export(
        network,
        (torch.zeros(_EXAMPLE),),
        dynamic_shapes=({0: dynamic, 2: dynamic, 3: dynamic},),
        strict=False,
    )


def as_onnx(program: torch.export.ExportedProgram) -> torch.onnx.ONNXProgram:
    """Return a traced network as ONNX.

    Input "rgb": float32 (b, 3, h, w), colours 0 to 255. Output "logits": float32 (b, k, ...).
    """
    exported = torch.onnx.export(
        program, dynamo=True, input_names=["rgb"], output_names=["logits"], verbose=False
    )
    if exported is None:
        raise Rewis3dError("torch.onnx.export returned no graph")
    return exported


class _Coarse(nn.Module):
    """A network up to the logits on its own grid."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, rgb: Float[Tensor, "1 3 h w"]) -> Float[Tensor, "1 k r s"]:
        return self.network.coarse(rgb)


class Graph:
    """A network as ONNX Runtime has it in memory, for frames of one size, on CPU.

    For one size it takes half the time to make that it takes for any.
    """

    window: None = None

    def __init__(self, network: Network, height: int, width: int) -> None:
        """Make it of a network that is `ready`; it computes on as many threads as torch."""
        import onnxruntime  # with its threads: for who predicts, not for who trains

        program = torch.export.export(
            _Coarse(network), (torch.zeros(1, 3, height, width),), strict=False
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # Threads that spin while they wait take the cores of whoever paints.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            as_onnx(program).model_proto.SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
        )
        self.classes = network.classes

    def coarse(self, rgb: Float[Tensor, "1 3 h w"]) -> Float[Tensor, "1 k r s"]:
        """Return logits on the network's own grid."""
        (logits,) = self._session.run(None, {"rgb": rgb.contiguous().numpy()})
        return torch.from_numpy(logits)
