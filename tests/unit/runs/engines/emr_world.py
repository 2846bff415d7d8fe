"""EMR Serverless's engine over a stand-in, for tests."""

from collections.abc import Callable
from typing import Any

from tests.unit.runs.engines.fake_emr import APPLICATION, FakeEmr
from tests.unit.runs.trainers.memory_bucket import MemoryBucket
from thriftline.core.settings import Settings
from thriftline.runs.engines.emr_serverless.engine import EmrServerlessEngine
from thriftline.runs.engines.emr_serverless.job_runs import JobRuns

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "STACK_NAME": "thriftline",
    "EMR_APPLICATION_ID": APPLICATION,
    "EMR_JOB_ROLE_ARN": "arn:aws:iam::123456789012:role/preparation-job",
    "PREPARATION_MAX_VCPUS": "64",
    "PREPARATION_ARCHIVE": "s3://artifacts/preparation/environment.tar.gz",
}


def emr_engine(
    emr: Any = None,
    artifacts: MemoryBucket | None = None,
    quota: Callable[[], int | None] = lambda: 64,
    **environment: str,
) -> EmrServerlessEngine:
    """The engine; without a stand-in the service may not be asked."""

    def runs() -> JobRuns:
        assert isinstance(emr, FakeEmr), "EMR Serverless was asked"
        return JobRuns(emr, APPLICATION)

    settings = Settings(ENVIRONMENT | environment)
    return EmrServerlessEngine(runs, artifacts or MemoryBucket(), settings, quota)
