from __future__ import annotations

import anyio
import pytest

from app.web.racing import until_first


def test_the_first_to_return_ends_the_others():
    ended: list[str] = []

    async def endless() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("endless")

    async def short() -> None:
        await anyio.sleep(0)
        ended.append("short")

    anyio.run(until_first, endless, short)
    assert ended == ["short", "endless"]


def test_what_one_raises_ends_all_and_comes_out():
    async def broken() -> None:
        raise KeyError("name")

    with pytest.raises(ExceptionGroup) as raised:
        anyio.run(until_first, anyio.sleep_forever, broken)
    assert raised.group_contains(KeyError)


@pytest.mark.parametrize("turns", range(6))
def test_a_cancellation_from_outside_is_taken_for_its_scope_s_own(turns: int):
    async def cancelled_after(turns: int) -> str:
        over = anyio.Event()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(until_first, over.wait, anyio.sleep_forever)
                await anyio.wait_all_tasks_blocked()
                over.set()
                for _ in range(turns):
                    await anyio.sleep(0)
                scope.cancel()
        return "quiet"

    assert anyio.run(cancelled_after, turns) == "quiet"
