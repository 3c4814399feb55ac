"""A network in ONNX Runtime says what it says in torch; exports are tested with test_export.py."""

from __future__ import annotations

import pytest
import torch

from rewis3d.models.graph import Graph
from rewis3d.models.network import Network, ready
from rewis3d.models.segmenter import Head, Segmenter
from rewis3d.models.weights import lite0
from tests.rewis3d.test_network import frames

pytestmark = [  # torch.export's own remarks on itself
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return ready(Segmenter(lite0(), Head(hidden=8, classes=3), scale=1.0, longest=1080))


def test_it_says_what_the_network_says(network: Network) -> None:
    graph = Graph(network, 72, 96)
    assert (graph.classes, graph.window) == (3, None)
    for seed in range(2):
        rgb = frames(seed=seed)
        with torch.inference_mode():
            for given in (rgb, rgb.flip(3)):
                wanted = network.coarse(given)
                torch.testing.assert_close(graph.coarse(given), wanted, atol=1e-3, rtol=1e-3)
                assert wanted.std() > 0.1
