"""How many warm processes a machine's memory is good for."""

import pytest

from local_aws.functions.memory import memory_of_machine, processes_that_fit

GIB = 1024**3


@pytest.mark.parametrize(
    ("memory_gib", "processes"), [(1, 16), (6, 16), (8, 21), (16, 42), (24, 48), (512, 48)]
)
def test_a_quarter_of_the_memory_holds_warm_processes_between_two_bounds(
    memory_gib: int, processes: int
) -> None:
    assert processes_that_fit(memory_gib * GIB) == processes


def test_the_memory_of_this_machine_is_known() -> None:
    assert memory_of_machine() > GIB // 4
