"""How much work a preparation is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.engines.works import GB
from thriftline.runs.engines.sizing import (
    MOST_ALONE_BYTES,
    cpu_hours,
    disk_gb,
    duration_of,
    minutes_on,
    refusal,
    shuffle_partitions,
    size_of,
    vcpu_time,
)


@pytest.mark.parametrize(
    ("gigabytes", "hours", "on_16", "on_64"),
    [(1, 0.4, 3, 2), (10, 3.8, 16, 6), (100, 37.5, 143, 37), (1000, 375, 23 * 60, 6 * 60)],
)
def test_hours_and_minutes_are_those_that_were_reckoned_from_the_measured_speed(
    gigabytes: int, hours: float, on_16: int, on_64: int
) -> None:
    assert float(cpu_hours(gigabytes * GB)) == pytest.approx(hours, abs=0.06)
    assert minutes_on(gigabytes * GB, 16, 2) == pytest.approx(on_16, rel=0.03, abs=1)
    assert minutes_on(gigabytes * GB, 64, 2) == pytest.approx(on_64, rel=0.03, abs=1)


@given(st.integers(0, 10**14), st.integers(1, 4000))
def test_more_processors_never_take_longer_and_more_data_never_less(size: int, vcpus: int) -> None:
    assert minutes_on(size, vcpus + 1, 2) <= minutes_on(size, vcpus, 2)
    assert minutes_on(size + GB, vcpus, 2) >= minutes_on(size, vcpus, 2)
    assert disk_gb(size, vcpus, 20) * vcpus >= size * 3 / GB
    assert 32 <= shuffle_partitions(size) <= 6400


def test_a_large_object_that_one_task_must_read_is_refused_with_its_size_and_the_fix() -> None:
    assert refusal(MOST_ALONE_BYTES) is None
    said = refusal(40 * GB)
    assert said is not None
    assert "40 GB" in said
    assert ".gz" in said
    assert "files of at most 10 GB" in said


def test_sizes_and_times_are_said_as_a_person_says_them() -> None:
    assert [size_of(n) for n in (10, 15 * 10**6, 100 * GB, 1500 * GB)] == [
        "1 MB",
        "15 MB",
        "100 GB",
        "1.5 TB",
    ]
    assert [duration_of(n) for n in (1, 90, 190)] == ["1 minute", "90 minutes", "3.2 hours"]


@pytest.mark.parametrize(
    ("unpacked", "said"),
    [
        (1, "1 second"),
        (20 * 10**6, "27 seconds"),
        (10**9, "22 minutes"),
        (10**10, "3.8 hours"),
    ],
)
def test_little_work_is_said_in_seconds_and_never_as_no_hours(unpacked: int, said: str) -> None:
    assert vcpu_time(unpacked) == said
