"""Point Transformer V3: what the real package computes, and what holds of the whole network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rewis3d.models.point_block import Block
from rewis3d.models.points import PointBatch
from rewis3d.models.ptv3 import PUBLISHED, TINY, PointNetworkConfig, PointSegmenter
from rewis3d.types import Rewis3dError
from tests.rewis3d.models.record_ptv3 import CONFIG, FEATURES, GOLDEN, SIZES, pass_on
from tests.rewis3d.models.seeded import seeded
from tests.rewis3d.models.surfaces import GRID, cloud, street

SMALL = replace(
    TINY,
    grid_size=GRID,
    encoder_depths=(2, 1, 1),
    encoder_channels=(8, 16, 16),
    encoder_heads=(1, 2, 2),
    decoder_depths=(1, 2),
    decoder_channels=(8, 16),
    decoder_heads=(1, 2),
    strides=(2, 2),
    patch=16,
)


def network(config: PointNetworkConfig = SMALL, classes: int = 3) -> PointSegmenter:
    made = PointSegmenter(config, classes)
    made.load_state_dict(seeded(made.state_dict()))
    return made.eval()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_published_network_has_the_published_size() -> None:
    with torch.device("meta"):
        backbone = PointSegmenter(PUBLISHED, 20).backbone
    assert len(backbone.state_dict()) == 486
    assert round(sum(part.numel() for part in backbone.parameters()) / 1e6, 1) == 46.2


def test_the_tiny_network_is_tiny() -> None:
    with torch.device("meta"):
        made = PointSegmenter(TINY, 11)
    assert 2.5e6 < sum(part.numel() for part in made.parameters()) < 2.7e6


@torch.inference_mode()
def test_features_are_those_of_pointcept() -> None:
    """Recorded cloud by cloud; ours go through in one batch."""
    recorded = np.load(GOLDEN / FEATURES)
    clouds, wanted = [], []
    for index in range(len(SIZES)):
        xyz, seen = cloud(recorded[f"grid_{index}"].astype(np.int64), seed=index)
        assert np.array_equal(seen[:, 3:].numpy(), recorded[f"rgb_{index}"])
        clouds.append((xyz, seen))
        wanted.append(torch.from_numpy(recorded[f"features_{index}"]))
    made = network(CONFIG, classes=CONFIG.decoder_channels[0])
    pass_on(made.seg_head)
    found = made(PointBatch.pack(clouds))
    torch.testing.assert_close(found, torch.cat(wanted), atol=1e-5, rtol=0)


@torch.inference_mode()
def test_the_quirk_of_m1_makes_a_difference() -> None:
    batch = street(100)
    other = network(replace(SMALL, m1_quirk=False))
    assert (network()(batch) - other(batch)).abs().max() > 1e-3


@settings(max_examples=10)
@given(st.lists(st.integers(0, 120), min_size=1, max_size=4).filter(any), st.integers(0, 99))
@torch.inference_mode()
def test_a_cloud_is_labelled_as_if_it_were_alone(sizes: list[int], seed: int) -> None:
    made = network()
    # of different extents, so that their curves have different depths
    clouds = [street(size, side=8 + 20 * index, seed=seed) for index, size in enumerate(sizes)]
    together = PointBatch.pack([(each.xyz, each.features) for each in clouds])
    alone = torch.cat([made(each) for each in clouds if len(each.xyz)])
    torch.testing.assert_close(made(together), alone, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_neither_the_points_order_nor_a_shift_changes_their_labels() -> None:
    made, batch = network(), street(150)
    turn = torch.randperm(len(batch.xyz), generator=generator())
    shift = torch.tensor([3.0, -2.0, 1.0])
    moved = PointBatch(batch.xyz[turn] + shift, batch.features[turn], batch.offsets)
    torch.testing.assert_close(made(moved), made(batch)[turn], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_points_of_a_voxel_get_the_same_logits() -> None:
    batch = street(60)
    twice = PointBatch.pack([(batch.xyz.repeat(2, 1), batch.features.repeat(2, 1))])
    logits = network()(twice)
    assert torch.equal(logits[:60], logits[60:])
    torch.testing.assert_close(logits[:60], network()(batch), atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_geometry_may_be_made_before_and_shared() -> None:
    student, teacher, batch = network(), network(), street(90, 30)
    geometry = student.geometry(batch)
    assert torch.equal(teacher(batch, geometry=geometry), student(batch))


def step(made: PointSegmenter, batch: PointBatch, seed: int) -> Tensor:
    """Return the logits of a training step whose gradients are then there."""
    made.zero_grad()
    logits = made.train()(batch, generator=generator(seed))
    logits.square().mean().backward()
    return logits.detach()


def test_training_draws_from_the_generator_alone() -> None:
    made, batch = network(replace(SMALL, drop_path=0.5)), street(90, 30)
    one, same, other = (step(made, batch, seed) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    with pytest.raises(ValueError, match="pass a generator"):
        made(batch)


def test_training_without_dropping_still_shuffles_orders() -> None:
    made, batch = network(replace(SMALL, drop_path=0.0)), street(200)
    assert not torch.equal(step(made, batch, 0), step(made, batch, 1))
    one_order = network(replace(SMALL, drop_path=0.0, orders=("z",)))
    assert torch.equal(step(one_order, batch, 0), step(one_order, batch, 1))


@torch.inference_mode()
def test_a_network_that_predicts_draws_nothing() -> None:
    made, batch, draws = network(), street(90), generator()
    before = draws.get_state()
    assert torch.equal(made(batch, generator=draws), made(batch))
    assert torch.equal(draws.get_state(), before)


def test_tokens_are_dropped_most_at_the_coarsest_resolution() -> None:
    made = PointSegmenter(replace(SMALL, drop_path=0.3), 2)  # blocks: 2, 1, 1 and 1, 2
    rates = {name: m.drop_path for name, m in made.backbone.named_modules() if isinstance(m, Block)}
    assert rates == pytest.approx(
        {
            "enc.enc0.block0": 0.0,
            "enc.enc0.block1": 0.1,
            "enc.enc1.block0": 0.2,
            "enc.enc2.block0": 0.3,
            "dec.dec1.block0": 0.3,
            "dec.dec1.block1": 0.15,
            "dec.dec0.block0": 0.0,
        }
    )


def test_every_weight_learns() -> None:
    made = network()
    step(made, street(200, 50), 0)
    gradients = {name: part.grad for name, part in made.named_parameters()}
    assert [name for name, grad in gradients.items() if grad is None or not grad.any()] == []


def test_a_few_steps_fit_what_a_cloud_shows() -> None:
    torch.manual_seed(0)
    made, batch = PointSegmenter(SMALL, 2).train(), street(150, 50)
    high = (batch.xyz[:, 2] > batch.xyz[:, 2].median()).long()
    optimiser, draws = torch.optim.AdamW(made.parameters(), 1e-2), generator()
    geometry = made.geometry(batch)
    losses = []
    for _ in range(15):
        logits = made(batch, geometry=geometry, generator=draws)
        loss = torch.nn.functional.cross_entropy(logits, high)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_a_tiny_network_predicts_what_it_learnt_after_a_few_steps() -> None:
    def predicted(momentum: float) -> float:
        """The loss in eval mode, where statistics of far older weights do harm."""
        torch.manual_seed(0)
        made = PointSegmenter(replace(SMALL, momentum=momentum), 2).train()
        batch, draws = street(150, 50), generator()
        high = (batch.xyz[:, 2] > batch.xyz[:, 2].median()).long()
        optimiser = torch.optim.AdamW(made.parameters(), 1e-2)
        for _ in range(30):
            loss = torch.nn.functional.cross_entropy(made(batch, generator=draws), high)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.inference_mode():
            return float(torch.nn.functional.cross_entropy(made.eval()(batch), high))

    assert PUBLISHED.momentum == 0.01  # Pointcept's
    assert predicted(TINY.momentum) < 0.5 * predicted(PUBLISHED.momentum)


def test_autocast_predicts_nearly_the_same() -> None:
    made, batch = network(), street(120, 40)
    with torch.inference_mode():
        wanted = made(batch)
        with torch.autocast("cpu", torch.bfloat16):
            found = made(batch)
    assert found.dtype == torch.bfloat16
    assert (found.float() - wanted).abs().max() < 0.1 * wanted.abs().max()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"encoder_depths": (1,)}, "encoder_depths"),
        ({"encoder_channels": (8, 16)}, "encoder_channels is .* 3 numbers"),
        ({"strides": (2,)}, "strides is .* 2 numbers"),
        ({"strides": (2, 3)}, "strides"),
        ({"decoder_heads": (3, 2)}, "decoder_heads is .* divisors of the channels"),
        ({"orders": ("z", "peano")}, "orders"),
        ({"orders": ()}, "orders"),
        ({"drop_path": 1.0}, "drop_path"),
        ({"grid_size": 0.0}, "grid_size"),
        ({"momentum": 0.0}, "momentum"),
        ({"patch": 0}, "patch"),
    ],
)
def test_what_is_no_network_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(Rewis3dError, match=message):
        replace(SMALL, **fields)


@pytest.mark.gpu
def test_a_gpu_computes_and_learns_what_the_cpu_does() -> None:
    torch.backends.cudnn.allow_tf32 = False
    batch, made, grads = street(400, 60), network(replace(SMALL, drop_path=0.0)), []
    for device in ("cpu", "cuda"):
        made = made.to(device)
        torch.testing.assert_close(
            made.eval()(batch.to(device)).cpu(), network()(batch), atol=1e-4, rtol=1e-4
        )
        step(made, batch.to(device), 0)
        grads.append([part.grad.cpu() for part in made.parameters() if part.grad is not None])
    torch.testing.assert_close(grads[0], grads[1], atol=1e-4, rtol=1e-2)
