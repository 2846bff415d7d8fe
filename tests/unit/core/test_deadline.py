"""When an answer is due, and what is not begun any more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.aws.deadline import Deadline
from thriftline.core.errors import ServiceUnavailableError


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_a_request_time_is_no_matter() -> None:
    Deadline(Clock()).require(1e9)


@given(inner=st.floats(0.1, 1000), outer=st.floats(0.1, 1000))
def test_an_end_inside_another_is_the_earlier_of_both(inner: float, outer: float) -> None:
    deadline = Deadline(Clock())
    with deadline.within(outer):
        with deadline.within(inner):
            deadline.require(min(inner, outer) - 0.01)
            with pytest.raises(ServiceUnavailableError):
                deadline.require(min(inner, outer) + 0.01)
        deadline.require(outer - 0.01)
        with pytest.raises(ServiceUnavailableError):
            deadline.require(outer + 0.01)
    deadline.require(1e9)


def test_what_takes_longer_than_is_left_is_not_begun() -> None:
    clock = Clock()
    deadline = Deadline(clock)
    with deadline.within(25):
        clock.now += 20
        deadline.require(5)
        with pytest.raises(ServiceUnavailableError, match=r"5\.0 s are left .+ 6 s"):
            deadline.require(6)
