"""What an engine quotes at the worst is never below what the embedded services bill for it.

The engines' own code asks, the embedded services' own code reckons; the seconds are virtual.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from local_aws.preparation.job_run import JobRun
from local_aws.preparation.processing_job import ProcessingJob
from local_aws.preparation.processing_life import end_of
from local_aws.preparation.spark_settings import settings_of, workers_of
from local_aws.preparation.workers import NoCapacityError, WorkerPool
from local_aws.services.emr_serverless_runs import check
from local_aws.services.sagemaker_processing import check as check_processing
from tests.unit.runs.engines.emr_world import ENVIRONMENT as EMR
from tests.unit.runs.engines.test_processing import ENVIRONMENT as PROCESSING
from tests.unit.runs.engines.works import order, work
from tests.unit.runs.trainers.memory_bucket import MemoryBucket
from thriftline.core.settings import Settings
from thriftline.runs.domain.preparation import PreparationWork
from thriftline.runs.engines.emr_serverless.engine import EmrServerlessEngine
from thriftline.runs.engines.emr_serverless.job_runs import JobRuns
from thriftline.runs.engines.sagemaker_processing.engine import SagemakerProcessingEngine
from thriftline.runs.engines.sagemaker_processing.jobs import ProcessingJobs

RUN = "00run"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WORKS = st.builds(
    work,
    gigabytes=st.floats(0.001, 2000),
    max_vcpus=st.integers(2, 4000),
    max_minutes=st.integers(5, 10_080),
    spare_capacity=st.booleans(),
)
# Twice the limit: what goes on too long is ended.
SHARES = st.floats(0, 2)


class Emr:
    """The embedded EMR Serverless without its threads: a run lives as long as it is told to."""

    def __init__(self, vcpus: int, quota: int) -> None:
        capacity = {"cpu": f"{vcpus} vCPU", "memory": f"{4 * vcpus} GB"}
        self._application = {
            "maximumCapacity": capacity,
            "releaseLabel": "emr-7.11.0",
            "type": "Spark",
        }
        self._quota = quota
        self.run: JobRun | None = None

    def start_job_run(self, **request: Any) -> Mapping[str, Any]:
        check(request)
        found = settings_of(request)
        asked = {**request, "createdBy": "nobody"}
        self.run = JobRun(asked, RUN, "arn", workers_of(found), found, NOW)
        return {"jobRunId": self.run.id}

    def end(self, share: float) -> None:
        """Let the run live for a share of its limit."""
        run = self.run
        assert run is not None
        assert WorkerPool().take(run, self._application, self._quota)
        run.enter("RUNNING", "", NOW)
        run.count(share * run.minutes * 60)
        run.enter("SUCCESS", "", NOW)

    def get_job_run(self, **_: Any) -> Mapping[str, Any]:
        assert self.run is not None
        return {"jobRun": self.run.describe(self._application, {})}

    def list_job_runs(self, **_: Any) -> Mapping[str, Any]:
        return {"jobRuns": []}

    def cancel_job_run(self, **_: Any) -> Mapping[str, Any]:
        return {}


@settings(max_examples=200, deadline=None)
@given(asked=WORKS, share=SHARES, vcpus=st.sampled_from([16, 64, 1024]))
def test_no_job_run_is_billed_more_than_its_engine_quoted(
    asked: PreparationWork, share: float, vcpus: int
) -> None:
    emr = Emr(vcpus, quota=vcpus)
    engine = EmrServerlessEngine(
        lambda: JobRuns(emr, "application"),
        MemoryBucket(),
        Settings(EMR | {"PREPARATION_MAX_VCPUS": str(vcpus)}),
        lambda: vcpus,
    )
    quote = engine.quote(asked)
    assume(quote.worst_usd is not None)
    assert quote.worst_usd is not None
    placed = order(quote.terms, started_id=RUN)
    engine.start(placed)
    # Within the quota that was quoted for, no run is refused for its workers.
    try:
        emr.end(share)
    except NoCapacityError as error:
        raise AssertionError(str(error)) from error

    state = engine.look(placed)

    assert state is not None
    assert state.billed_usd is not None
    assert Decimal(0) < state.billed_usd <= quote.worst_usd


class Processing:
    """The embedded processing jobs without their threads."""

    def __init__(self) -> None:
        self.job: ProcessingJob | None = None

    def create_processing_job(self, **request: Any) -> Mapping[str, Any]:
        check_processing(request)
        self.job = ProcessingJob(request, "arn", NOW)
        return {"ProcessingJobArn": "arn"}

    def end(self, share: float) -> None:
        """Let the job live for a share of its limit."""
        job = self.job
        assert job is not None
        job.begin(job.preferences[0], NOW)
        job.end("Completed", end_of(job, NOW + timedelta(seconds=share * job.most_seconds)))

    def describe_processing_job(self, **_: Any) -> Mapping[str, Any]:
        assert self.job is not None
        return self.job.describe()

    def stop_processing_job(self, **_: Any) -> Mapping[str, Any]:
        return {}


@settings(max_examples=200, deadline=None)
@given(asked=WORKS, share=SHARES)
def test_no_processing_job_is_billed_more_than_its_engine_quoted(
    asked: PreparationWork, share: float
) -> None:
    sagemaker = Processing()
    engine = SagemakerProcessingEngine(
        lambda: ProcessingJobs(sagemaker), MemoryBucket(), Settings(PROCESSING)
    )
    quote = engine.quote(asked)
    assume(quote.worst_usd is not None)
    assert quote.worst_usd is not None
    placed = order(quote.terms)
    engine.start(placed)
    sagemaker.end(share)

    state = engine.look(placed)

    assert state is not None
    assert state.billed_usd is not None
    assert state.billed_usd <= quote.worst_usd
