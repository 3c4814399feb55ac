"""Frames that hang together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def groups_of(members: Sequence[int], links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the members in groups that links join, each ascending, the largest group first."""
    at = {member: number for number, member in enumerate(sorted(members))}
    ends = [(at[a], at[b]) for a, b in links if a in at and b in at]
    rows, columns = np.array(ends, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(at), len(at)))
    count, labels = connected_components(graph, directed=False)
    groups: list[list[int]] = [[] for _ in range(count)]
    for member, number in at.items():
        groups[labels[number]].append(member)
    return sorted(groups, key=lambda group: (-len(group), group))
