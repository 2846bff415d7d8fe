"""What a job run asks of Spark, and the workers that EMR Serverless gives for it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.preparation.bill import billed
from local_aws.preparation.capacity import Capacity
from local_aws.preparation.job_run import JobRun
from local_aws.preparation.options import PreparationOptions
from local_aws.preparation.program import submit_arguments
from local_aws.preparation.spark_settings import (
    InvalidSparkSettingsError,
    Workers,
    settings_of,
    workers_of,
)
from local_aws.preparation.workers import NoCapacityError, WorkerPool

NOW = datetime(2026, 11, 30, tzinfo=UTC)
SMALL = Capacity(1, 4, 20)


def request(parameters: str, **properties: str) -> dict[str, Any]:
    configuration = [{"classification": "spark-defaults", "properties": properties}]
    return {
        "applicationId": "a",
        "jobDriver": {"sparkSubmit": {"entryPoint": "x", "sparkSubmitParameters": parameters}},
        "configurationOverrides": {"applicationConfiguration": configuration},
    }


def test_parameters_win_over_the_configuration() -> None:
    found = settings_of(
        request(
            "--conf spark.a=1 --driver-memory 3g --conf=spark.b='x y'",
            **{"spark.a": "2", "spark.c": "3"},
        )
    )

    assert found == {"spark.a": "1", "spark.b": "x y", "spark.c": "3", "spark.driver.memory": "3g"}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("--conf spark.a", "no `=`"),
        ("--conf 'spark.a=1", "No closing quotation"),
        ("--class Main", "--class is not known"),
    ],
)
def test_parameters_that_cannot_be_read_are_named(parameters: str, said: str) -> None:
    with pytest.raises(InvalidSparkSettingsError, match=said):
        settings_of(request(parameters))


def test_the_services_defaults_are_workers_of_sixteen_gigabytes() -> None:
    assert workers_of({}) == Workers(Capacity(4, 16, 20), Capacity(4, 16, 20), None)


def test_without_dynamic_allocation_the_executors_are_counted() -> None:
    settings = {"spark.dynamicAllocation.enabled": "false", "spark.executor.instances": "7"}

    assert workers_of(settings).most_executors == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spark.executor.cores", "three"),
        ("spark.executor.cores", "3"),
        ("spark.driver.memory", "much"),
        ("spark.executor.memory", "31g"),
        ("spark.emr-serverless.executor.disk", "10g"),
        ("spark.dynamicAllocation.maxExecutors", "infinity"),
    ],
)
def test_a_worker_that_is_not_offered_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidSparkSettingsError, match=name.rpartition(".")[2]):
        workers_of({name: value})


@given(
    vcpus=st.sampled_from([1, 2, 4, 8, 16, 32]),
    memory=st.integers(1, 244),
    overhead=st.integers(0, 60),
)
def test_a_worker_has_at_least_what_was_asked(vcpus: int, memory: int, overhead: int) -> None:
    settings = {
        "spark.executor.cores": str(vcpus),
        "spark.executor.memory": f"{memory}g",
        "spark.executor.memoryOverhead": f"{overhead}g",
    }
    try:
        found = workers_of(settings).executor
    except InvalidSparkSettingsError:
        return
    assert found.vcpus == vcpus
    assert found.memory_gb >= memory + overhead


def run(most: int | None, name: str = "r") -> JobRun:
    workers = Workers(SMALL, SMALL, most)
    return JobRun(request("--conf a=b"), name, name, workers, {}, NOW)


def application(vcpus: int) -> dict[str, Any]:
    return {"maximumCapacity": {"cpu": f"{vcpus} vCPU", "memory": f"{4 * vcpus} GB"}}


def test_runs_of_an_application_share_its_maximum_and_one_waits_with_its_driver() -> None:
    pool, first, second, third = WorkerPool(), run(5, "1"), run(5, "2"), run(5, "3")

    assert pool.take(first, application(7), quota=64)
    assert pool.take(second, application(7), quota=64)
    assert not pool.take(third, application(7), quota=64)

    assert (first.executors, second.executors) == (5, 0)
    assert not pool.grow(second, application(7))
    pool.give_back(first)
    assert pool.grow(second, application(7))
    assert second.executors == 5


def test_a_run_without_a_limit_has_what_the_quota_leaves() -> None:
    pool, first, second = WorkerPool(), run(None, "1"), run(None, "2")

    assert pool.take(first, {}, quota=16)
    assert first.executors == 15
    with pytest.raises(NoCapacityError, match="ServiceQuotaExceededException"):
        pool.take(second, {}, quota=16)


def test_a_driver_larger_than_the_application_never_runs() -> None:
    large = Workers(Capacity(4, 16, 20), SMALL, 1)
    asked = JobRun(request("--conf a=b"), "r", "r", large, {}, NOW)

    with pytest.raises(NoCapacityError, match="ApplicationMaxCapacityExceededException"):
        WorkerPool().take(asked, application(3), quota=64)


def test_a_minute_is_billed_at_the_least_and_disks_above_what_is_free() -> None:
    workers = Workers(SMALL, Capacity(1, 4, 50), 2)

    found = billed(workers, 2, seconds=10)

    assert found.vcpu_hours == pytest.approx(3 / 60)
    assert found.memory_gb_hours == pytest.approx(12 / 60)
    assert found.storage_gb_hours == pytest.approx(60 / 60)


def test_settings_of_machines_are_those_of_this_one() -> None:
    options = PreparationOptions(cores=3, driver_memory="1g")

    words = submit_arguments(
        {
            "spark.executor.memory": "90g",
            "spark.archives": "s3://b/env.tar.gz",
            "spark.sql.shuffle.partitions": "7",
        },
        options,
    )

    assert words.startswith("--master local[3,4] --driver-memory 1g ")
    assert "spark.sql.shuffle.partitions=7" in words
    assert "90g" not in words
    assert "env.tar.gz" not in words
    with pytest.raises(InvalidSparkSettingsError, match="quotes"):
        submit_arguments({"spark.app.name": "a' --conf spark.master=b"}, options)
