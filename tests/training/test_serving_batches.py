"""The queue that merges concurrent requests; its model is a function that can be held."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest

from training_image.serving_batches import BatchQueue, QueueFullError


class HeldModel:
    """Answers a row with itself doubled; holds each batch until it is released."""

    def __init__(self, held: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.started = threading.Event()
        self.free = threading.Event()
        if not held:
            self.free.set()

    def run(self, rows: list[str]) -> Sequence[str]:
        self.batches.append(rows)
        self.started.set()
        assert self.free.wait(10)
        if "poison" in rows:
            raise ValueError("poison")
        return [row * 2 for row in rows]

    async def busy(self) -> None:
        await asyncio.to_thread(self.started.wait, 10)


Scenario = Callable[[BatchQueue[str, str]], Awaitable[None]]


def serve(
    model: HeldModel,
    scenario: Scenario,
    *,
    batch_tokens: int = 8,
    waiting_tokens: int = 1000,
    wait_seconds: float = 0.0,
    check: Callable[[], None] = lambda: None,
) -> None:
    async def run() -> None:
        queue: BatchQueue[str, str] = BatchQueue(
            model.run,
            batch_tokens=batch_tokens,
            waiting_tokens=waiting_tokens,
            wait_seconds=wait_seconds,
            check=check,
        )
        work = asyncio.create_task(queue.work())
        try:
            await asyncio.wait_for(scenario(queue), 20)
        finally:
            model.free.set()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    asyncio.run(run())


def start(queue: BatchQueue[str, str], *rows: str) -> "asyncio.Future[list[str]]":
    return queue.submit(rows)


def test_requests_that_wait_together_go_through_the_model_together() -> None:
    model = HeldModel(held=True)

    async def scenario(queue: BatchQueue[str, str]) -> None:
        first = start(queue, "a")
        await model.busy()
        others = [start(queue, each) for each in "bcd"]
        model.free.set()
        assert await asyncio.gather(first, *others) == [["aa"], ["bb"], ["cc"], ["dd"]]

    serve(model, scenario)
    assert model.batches == [["a"], ["b", "c", "d"]]


def test_a_batch_holds_no_more_tokens_than_the_budget_but_a_long_row_goes_alone() -> None:
    model = HeldModel(held=True)

    async def scenario(queue: BatchQueue[str, str]) -> None:
        tasks = [start(queue, "x")]
        await model.busy()
        tasks += [start(queue, each) for each in ("aaa", "bbbbb", "cc", "d" * 9, "e")]
        model.free.set()
        await asyncio.gather(*tasks)

    serve(model, scenario, batch_tokens=8)
    assert model.batches == [["x"], ["aaa", "bbbbb"], ["cc"], ["d" * 9], ["e"]]


def test_a_small_request_does_not_wait_for_all_rows_of_a_big_one() -> None:
    model = HeldModel(held=True)

    async def scenario(queue: BatchQueue[str, str]) -> None:
        big = start(queue, *("big" for _ in range(20)))
        await model.busy()
        small = start(queue, "sm")
        model.free.set()
        assert await small == ["smsm"]
        assert not big.done()
        assert await big == ["bigbig"] * 20

    serve(model, scenario, batch_tokens=6)
    assert "sm" in model.batches[1]


def test_a_request_that_is_on_its_way_is_waited_for() -> None:
    model = HeldModel()

    async def scenario(queue: BatchQueue[str, str]) -> None:
        with queue.arriving():
            first = start(queue, "a")
            await asyncio.sleep(0.05)
            assert not model.batches
            second = start(queue, "b")
        await asyncio.gather(first, second)

    serve(model, scenario, wait_seconds=10)
    assert model.batches == [["a", "b"]]


def test_a_request_that_stays_on_its_way_is_not_waited_for_long() -> None:
    model = HeldModel()

    async def scenario(queue: BatchQueue[str, str]) -> None:
        with queue.arriving():
            assert await start(queue, "a") == ["aa"]

    serve(model, scenario, wait_seconds=0.001)


def test_a_full_queue_refuses_until_it_has_emptied() -> None:
    model = HeldModel(held=True)

    async def scenario(queue: BatchQueue[str, str]) -> None:
        tasks = [start(queue, "a")]
        await model.busy()
        tasks.append(start(queue, "b" * 7))
        with pytest.raises(QueueFullError):
            await queue.submit(["cccc"])
        tasks.append(start(queue, "ccc"))
        model.free.set()
        await asyncio.gather(*tasks)
        assert await queue.submit(["e" * 50]) == ["e" * 100]  # alone, however large

    serve(model, scenario, waiting_tokens=10)


def test_rows_of_a_cancelled_request_are_dropped() -> None:
    model = HeldModel(held=True)

    async def scenario(queue: BatchQueue[str, str]) -> None:
        first = start(queue, "a")
        await model.busy()
        gone, kept = start(queue, "gone", "gone"), start(queue, "kept")
        await asyncio.sleep(0)
        gone.cancel()
        model.free.set()
        await asyncio.gather(first, kept)
        with pytest.raises(asyncio.CancelledError):
            await gone

    serve(model, scenario, waiting_tokens=12)
    assert model.batches == [["a"], ["kept"]]


def test_a_failing_batch_fails_its_own_requests_alone() -> None:
    model = HeldModel()

    async def scenario(queue: BatchQueue[str, str]) -> None:
        with pytest.raises(ValueError, match="poison"):
            await queue.submit(["poison", "b", "c", "d"])
        assert await queue.submit(["e"]) == ["ee"]

    serve(model, scenario)


def test_a_model_that_fails_its_check_fails_everybody_and_ends_the_work() -> None:
    model = HeldModel(held=True)

    def check() -> None:
        raise RuntimeError("lost")

    async def scenario(queue: BatchQueue[str, str]) -> None:
        poisoned = start(queue, "poison")
        await model.busy()
        waiting = start(queue, "a")
        model.free.set()
        with pytest.raises(ValueError, match="poison"):
            await poisoned
        with pytest.raises(RuntimeError, match="lost"):
            await waiting
        with pytest.raises(RuntimeError, match="lost"):
            start(queue, "b")

    serve(model, scenario, check=check)
    assert model.batches == [["poison"]]
