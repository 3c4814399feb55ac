"""Works that end together: when one is over, so are the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio


async def until_first(*works: Callable[[], Awaitable[None]]) -> None:
    """Run works side by side until one returns, and cancel the others then.

    What a work raises ends all of them and comes out as an ExceptionGroup; a cancellation from
    outside comes out as it came, which asyncio.gather does not promise.
    """
    async with anyio.create_task_group() as tasks:

        async def run(work: Callable[[], Awaitable[None]]) -> None:
            await work()
            tasks.cancel_scope.cancel()

        for work in works:
            tasks.start_soon(run, work)
