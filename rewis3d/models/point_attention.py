"""Attention within patches: stretches of so many tokens of a space-filling curve's order."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


@dataclass(frozen=True, slots=True)
class Patches:
    """Tokens cut into patches, none of which has tokens of two clouds.

    Where a cloud isn't a whole number of patches, its last patch reaches back and holds some
    tokens of the one before as well (they look and are looked at there, but keep the result of
    their own patch). A cloud smaller than a patch is one, with empty slots behind it.
    """

    tokens: Int64[Tensor, "patches slots"]
    """Tokens in each patch; any token of the cloud in an empty slot."""
    slot: Int64[Tensor, "t"]
    """Where the result of each token is, counted over the slots of all patches."""
    taken: Bool[Tensor, "patches 1 1 slots"] | None
    """Which slots hold tokens; None where all do."""

    def along(self, order: Int64[Tensor, "t"]) -> Patches:
        """Return the patches of an order, given as its tokens; these are of the tokens' own."""
        slot = torch.empty_like(self.slot).index_copy_(0, order, self.slot)
        return Patches(order[self.tokens], slot, self.taken)


def cut(sizes: Int64[Tensor, "b"], patch: int) -> Patches:
    """Cut clouds of so many tokens, packed one after the other, into patches."""
    count = (sizes + patch - 1) // patch  # patches of each cloud
    first, begin = count.cumsum(0) - count, sizes.cumsum(0) - sizes
    slots = min(patch, int(sizes.max()))
    clouds = torch.arange(len(sizes), device=sizes.device)

    cloud = clouds.repeat_interleave(count)
    nth = torch.arange(len(cloud), device=sizes.device) - first[cloud]
    start = (nth * patch).minimum((sizes[cloud] - patch).clamp(min=0))
    place = start[:, None] + torch.arange(slots, device=sizes.device)
    taken = place < sizes[cloud, None]
    tokens = begin[cloud, None] + torch.where(taken, place, 0)

    cloud = clouds.repeat_interleave(sizes)
    place = torch.arange(len(cloud), device=sizes.device) - begin[cloud]
    own = first[cloud] + place // patch
    slot = own * slots + place - start[own]
    return Patches(tokens, slot, None if bool(taken.all()) else taken[:, None, None])


class PatchAttention(nn.Module):
    """Multi-head attention among the tokens of a patch; names as in Pointcept's state dict."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Float[Tensor, "t c"], patches: Patches) -> Float[Tensor, "t c"]:
        """Return for each token what it makes of its patch."""
        shape = (*patches.tokens.shape, 3, self.heads, x.shape[1] // self.heads)
        qkv = self.qkv(x).index_select(0, patches.tokens.flatten()).view(shape)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(query, key, value, attn_mask=patches.taken)
        return self.proj(seen.transpose(1, 2).flatten(0, 1).flatten(1)[patches.slot])
