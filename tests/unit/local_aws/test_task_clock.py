"""The time-out of a state, which stands still while its function waits for a process."""

import threading

from local_aws.stepfunctions.task_clocks import TaskClock, TaskClocks


class Seconds:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_time_over_ends_the_wait_and_the_task_has_not_ended() -> None:
    seconds = Seconds()
    clock = TaskClock(seconds)

    seconds.now += 90

    assert not clock.wait(90)


def test_what_has_ended_by_then_has_ended() -> None:
    clock = TaskClock(Seconds())

    clock.set()

    assert clock.wait(0)


def test_time_that_stood_still_does_not_count() -> None:
    seconds = Seconds()
    clock = TaskClock(seconds)
    seconds.now += 40
    with clock.standing_still():
        seconds.now += 1000
    with clock.standing_still():
        seconds.now += 1000

    seconds.now += 49
    clock.set()
    assert clock.wait(90)

    late = TaskClock(seconds)
    with late.standing_still():
        seconds.now += 1000
    seconds.now += 90
    assert not late.wait(90)


def test_a_wait_that_stands_still_has_no_end_until_the_task_ends() -> None:
    seconds = Seconds()
    clock = TaskClock(seconds)
    ended: list[bool] = []
    with clock.standing_still():
        seconds.now += 1000
        waiting = threading.Thread(target=lambda: ended.append(clock.wait(1)))
        waiting.start()
        clock.set()
        waiting.join(60)

    assert ended == [True]


def test_a_request_that_is_no_task_s_stops_no_clock() -> None:
    with TaskClocks().standing_still({"X-Local-Aws-Task": "another"}):
        pass
