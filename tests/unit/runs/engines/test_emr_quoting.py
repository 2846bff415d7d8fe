"""What a preparation costs on EMR Serverless."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.runs.engines.emr_world import emr_engine
from tests.unit.runs.engines.fake_emr import FakeEmr
from tests.unit.runs.engines.works import GB, order, work
from thriftline.runs.domain.preparation import PreparationQuote
from thriftline.runs.engines.emr_serverless.workers import (
    LEGAL_MEMORY_GB,
    Workers,
    usd_per_hour,
    workers_for,
)

RATES = {
    "vcpu": Decimal("0.052624"),
    "memory_gb": Decimal("0.0057785"),
    "storage_gb": Decimal("0.000111"),
}


def cannot(quote: PreparationQuote) -> str:
    assert quote.worst_usd is None
    assert quote.cannot is not None
    return quote.cannot


def test_the_worst_case_is_all_workers_until_the_time_limit() -> None:
    quote = emr_engine().quote(work(10))

    # 16 vCPUs and 64 GB: 1.21 USD an hour, for an hour and a worker's least minute.
    assert quote.worst_usd is not None
    assert float(quote.worst_usd) == pytest.approx(1.21 * 61 / 60, rel=0.005)
    assert quote.usd_per_hour == quote.worst_usd * 60 / 61
    assert "4 workers of 4 vCPU, 16 GB" in quote.basis
    # 3.75 hours of a vCPU on the executors, and the driver for all the time.
    assert quote.likely_minutes == 21
    assert quote.likely_usd is not None
    assert float(quote.likely_usd) == pytest.approx(0.284 + 0.303 * 21 / 60, rel=0.02)
    assert quote.cannot is None


def test_the_disk_above_what_is_free_is_in_the_worst_case() -> None:
    workers = Workers(vcpus=4, memory_gb=16, disk_gb=120, executors=3)

    plain = usd_per_hour(Workers(4, 16, 20, 3), RATES)
    assert usd_per_hour(workers, RATES) - plain == 3 * 100 * RATES["storage_gb"]


@given(st.integers(0, 5000), st.integers(0, 10**14))
def test_workers_are_legal_within_the_limit_and_never_more_than_the_data_keep_busy(
    most: int, size: int
) -> None:
    workers = workers_for(most, size)

    if workers is None:
        assert most < 2
        return
    assert workers.memory_gb in LEGAL_MEMORY_GB[workers.vcpus]
    assert workers.all_vcpus <= most
    assert workers.executors >= 1
    assert workers.disk_gb >= 20
    assert workers.heap_gb + workers.python_gb == workers.memory_gb
    if size < GB:
        assert workers.executors <= 2


def test_a_quota_that_makes_the_work_too_long_is_said_in_hours_with_what_helps() -> None:
    said = cannot(emr_engine(quota=lambda: 16).quote(work(100, max_vcpus=64)))

    assert "16 vCPUs of EMR Serverless at a time (quota L-D05C8A75)" in said
    assert "100 GB then take about 3.2 hours" in said
    assert "prepare.max_minutes to 290" in said
    assert "request-service-quota-increase" in said


def test_the_limit_that_binds_is_the_one_that_is_named() -> None:
    assert cannot(emr_engine().quote(work(100))).startswith("prepare.max_vcpus is 16")
    assert cannot(emr_engine(quota=lambda: 999).quote(work(500, max_vcpus=999))).startswith(
        "The stack's parameter PreparationMaxVcpus is 64"
    )
    quote = emr_engine(quota=lambda: None).quote(work(100, max_vcpus=64))
    assert quote.worst_usd is not None
    assert "quota L-D05C8A75 could not be read" in quote.warnings[0]
    assert "3.2 hours" in quote.warnings[0]


def test_enough_time_makes_the_same_work_possible() -> None:
    quote = emr_engine(quota=lambda: 16).quote(work(100, max_minutes=290))

    assert quote.worst_usd is not None
    assert quote.likely_minutes == 190


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_vcpus": 1}, "a driver and an executor need a vCPU each"),
        ({"gigabytes": 10_000, "max_minutes": 10_080}, "GB of disk do not hold what 10.0 TB"),
        ({"gigabytes": 160, "largest_unsplittable_bytes": 40 * GB}, "One object of 40 GB"),
    ],
)
def test_what_cannot_be_done_says_why_and_the_fix(changes: dict[str, int], words: str) -> None:
    assert words in cannot(emr_engine().quote(work(**changes)))


def test_a_quota_of_none_at_all_is_a_refusal() -> None:
    assert "quota L-D05C8A75" in cannot(emr_engine(quota=lambda: 0).quote(work()))


def test_a_region_without_prices_is_refused_and_nothing_counts_as_free() -> None:
    said = cannot(emr_engine(AWS_REGION="ap-south-2").quote(work()))
    assert "no known prices in ap-south-2" in said
    assert "make prices" in said


def test_a_stack_without_an_application_says_how_it_gets_one() -> None:
    said = cannot(emr_engine(EMR_APPLICATION_ID="").quote(work()))
    assert "PreparationEngines" in said


def test_spare_capacity_is_held_at_the_standard_rate() -> None:
    flex = emr_engine().quote(work(10, spare_capacity=True))
    plain = emr_engine().quote(work(10))

    assert flex.worst_usd == plain.worst_usd
    assert "Flex" in flex.reason
    assert flex.terms["flex"] is True


def test_a_stack_without_python_packages_is_warned() -> None:
    quote = emr_engine(PREPARATION_ARCHIVE="").quote(work())
    assert any("PreparationArchive" in one for one in quote.warnings)
    assert emr_engine(PREPARATION_ARCHIVE="", PREPARATION_IMAGE="x").quote(work()).warnings == ()


@settings(max_examples=200, deadline=None)
@given(
    gigabytes=st.floats(0.001, 2000),
    max_vcpus=st.integers(2, 4000),
    max_minutes=st.integers(5, 10_080),
    lives=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=40),
    flex=st.booleans(),
)
def test_no_bill_passes_the_worst_case_that_was_quoted(
    gigabytes: float, max_vcpus: int, max_minutes: int, lives: list[tuple[float, float]], flex: bool
) -> None:
    engine = emr_engine(quota=lambda: 4000, PREPARATION_MAX_VCPUS="1024")
    quote = engine.quote(
        work(gigabytes, max_vcpus=max_vcpus, max_minutes=max_minutes, spare_capacity=flex)
    )
    if quote.worst_usd is None:
        return
    json.dumps(quote.terms)
    emr = FakeEmr()
    engine = emr_engine(emr)
    placed = order(quote.terms)
    started = engine.start(placed)
    emr.bill(started.id, lives)

    state = engine.look(placed)

    assert state is not None
    assert state.billed_usd is not None
    assert Decimal(0) < state.billed_usd <= quote.worst_usd
