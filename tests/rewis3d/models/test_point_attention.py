"""Patches, and attention within them against a twin that takes one patch after the other."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rewis3d.models.point_attention import PatchAttention, Patches, cut

sizes = st.lists(st.integers(0, 30), min_size=1, max_size=4).filter(any)


def test_patches_worked_out_by_hand() -> None:
    patches = cut(torch.tensor([5, 2, 0, 3]), 3)
    assert patches.taken is not None
    assert patches.taken[:, 0, 0].tolist() == [[True] * 3] * 2 + [[True, True, False], [True] * 3]
    tokens = patches.tokens.tolist()
    assert tokens == [[0, 1, 2], [2, 3, 4], [5, 6, 5], [7, 8, 9]]
    assert patches.slot.tolist() == [0, 1, 2, 4, 5, 6, 7, 9, 10, 11]


def test_patches_along_an_order() -> None:
    patches = cut(torch.tensor([3]), 2).along(torch.tensor([2, 0, 1]))
    assert patches.tokens.tolist() == [[2, 0], [0, 1]]
    assert patches.slot.tolist() == [1, 3, 0]
    assert patches.taken is None


@given(sizes, st.integers(1, 12))
def test_every_token_has_a_slot_among_its_own_clouds(clouds: list[int], patch: int) -> None:
    patches = cut(torch.tensor(clouds), patch)
    cloud = torch.arange(len(clouds)).repeat_interleave(torch.tensor(clouds))
    assert torch.equal(patches.tokens.flatten()[patches.slot], torch.arange(sum(clouds)))
    assert patches.tokens.shape[1] == min(patch, max(clouds))
    assert (cloud[patches.tokens] == cloud[patches.tokens[:, :1]]).all()
    held = torch.ones_like(patches.tokens, dtype=torch.bool)
    held = held if patches.taken is None else patches.taken[:, 0, 0]
    for tokens, slots in zip(patches.tokens, held, strict=True):
        own = tokens[slots].tolist()
        assert len(own) == min(patch, clouds[cloud[own[0]]])
        assert own == list(range(own[0], own[0] + len(own)))


def slow(layer: PatchAttention, x: Tensor, clouds: list[int], patch: int) -> Tensor:
    """Twin of PatchAttention: each token looks at its patch, softmax written out."""
    width = x.shape[1] // layer.heads
    query, key, value = (part.split(width, 1) for part in layer.qkv(x).chunk(3, 1))
    rows, begin = [], 0
    for size in clouds:
        for token in range(size):
            start = max(0, min(token // patch * patch, size - patch))
            seen = slice(begin + start, begin + min(start + patch, size))
            heads = []
            for head in range(layer.heads):
                looks = query[head][begin + token] @ key[head][seen].T / width**0.5
                heads.append(looks.softmax(0) @ value[head][seen])
            rows.append(torch.cat(heads))
        begin += size
    return layer.proj(torch.stack(rows))


@given(sizes, st.integers(1, 12))
def test_attention_is_that_of_each_patch_alone(clouds: list[int], patch: int) -> None:
    layer = PatchAttention(8, 2).double()
    x = torch.randn(sum(clouds), 8, dtype=torch.float64)
    patches = cut(torch.tensor(clouds), patch)
    torch.testing.assert_close(layer(x, patches), slow(layer, x, clouds, patch))


def test_an_order_decides_who_is_near() -> None:
    layer = PatchAttention(4, 1)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    patches = cut(torch.tensor([10]), 4)
    x = torch.randn(10, 4)
    along: Patches = patches.along(order)
    torch.testing.assert_close(layer(x, along)[order], layer(x[order], patches))
