"""2D networks on a GPU say what they say on a CPU, in windows and after a step as well."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from rewis3d.checkpoint import build
from rewis3d.config import QuickConfig
from rewis3d.device import pick
from rewis3d.models import windows
from rewis3d.models.network import Network, ready
from rewis3d.models.segmenter import Head
from rewis3d.models.weights import lite0
from tests.rewis3d import tiny_segformer
from tests.rewis3d.test_network import frames, seeded

pytestmark = pytest.mark.gpu


@pytest.fixture(params=["lite", "segformer"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Network:
    if request.param == "segformer":
        return tiny_segformer.network(tiny_segformer.save(tmp_path), classes=3, window=(64, 64))
    torch.manual_seed(0)
    return build(QuickConfig(hidden=8, scale=1.0), Head(hidden=8, classes=3), lite0())


@torch.inference_mode()
def test_logits_are_those_of_a_cpu(network: Network) -> None:
    device = pick("cuda")
    on_cpu, on_gpu = ready(network), ready(network).to(device)
    for flip in (False, True):
        wanted = windows.logits(on_cpu, frames(), flip=flip)
        found = windows.logits(on_gpu, frames().to(device), flip=flip)
        torch.testing.assert_close(found.cpu(), wanted, atol=1e-2, rtol=1e-2)


def test_a_step_can_be_made_there(network: Network) -> None:
    student = network.grown((0, 1, 2), (0, 1, 2, 3), generator=seeded()).to(pick("cuda"))
    student = student.trainable()
    labels = torch.arange(96, device="cuda").remainder(4).expand(2, 72, 96)
    with torch.autocast("cuda", torch.bfloat16):
        logits = student(frames(batch=2).cuda())
    functional.cross_entropy(logits.float(), labels).backward()
    torch.optim.SGD(student.parameters(), lr=1e-3).step()
    assert torch.isfinite(student.eval()(frames().cuda())).all()
