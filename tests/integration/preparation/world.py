"""An engine of data preparation with the embedded AWS behind it."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.spark_runs import Spark, make_role
from thriftline.core.aws.buckets import Bucket
from thriftline.core.settings import Settings
from thriftline.runs.domain.preparation import (
    PreparationOrder,
    PreparationQuote,
    PreparationState,
    PreparationWork,
)
from thriftline.runs.engines.emr_serverless.engine import EmrServerlessEngine
from thriftline.runs.engines.emr_serverless.job_runs import JobRuns
from thriftline.runs.engines.emr_serverless.quota import vcpu_quota
from thriftline.runs.engines.port import Engine
from thriftline.runs.engines.sagemaker_processing.engine import SagemakerProcessingEngine
from thriftline.runs.engines.sagemaker_processing.jobs import ProcessingJobs

PROGRAM = Path(__file__).with_name("program.py")
WORK = PreparationWork(
    stored_bytes=10**9,
    unpacked_bytes=10**9,
    files=1,
    largest_unsplittable_bytes=0,
    max_vcpus=16,
    max_minutes=30,
    spare_capacity=False,
)


def emr_serverless(emr: Spark) -> Engine:
    """EMR Serverless with the application of the fixture's stack."""
    environment = {
        "AWS_REGION": "us-east-1",
        "STACK_NAME": "fixture",
        "EMR_APPLICATION_ID": emr.application,
        "EMR_JOB_ROLE_ARN": emr.role,
        "PREPARATION_MAX_VCPUS": "64",
    }
    return EmrServerlessEngine(
        lambda: JobRuns(emr.emr, emr.application),
        Bucket(emr.aws.client("s3"), emr.bucket),
        Settings(environment),
        lambda: vcpu_quota(emr.aws.client("service-quotas")),
    )


def sagemaker_processing(emr: Spark) -> Engine:
    """Processing jobs with AWS's Spark image."""
    environment = {
        "AWS_REGION": "us-east-1",
        "STACK_NAME": "fixture",
        "PROCESSING_ROLE_ARN": make_role(emr.aws, emr.bucket, "sagemaker.amazonaws.com"),
        "SPARK_PROCESSING_IMAGE": "3.5-cpu-py39-v1.0",
    }
    return SagemakerProcessingEngine(
        lambda: ProcessingJobs(emr.aws.client("sagemaker")),
        Bucket(emr.aws.client("s3"), emr.bucket),
        Settings(environment),
    )


ENGINES: dict[str, Callable[[Spark], Engine]] = {
    "emr_serverless": emr_serverless,
    "sagemaker_processing": sagemaker_processing,
}


class World:
    """One engine, and the attempts that a test makes of it."""

    def __init__(self, name: str, emr: Spark) -> None:
        self.emr = emr
        self.engine = ENGINES[name](emr)

    def quote(self) -> PreparationQuote:
        """What the work of the tests costs."""
        return self.engine.quote(WORK)

    def order(self, do: str = "copy") -> PreparationOrder:
        """An attempt of a run of its own, whose program does something."""
        run_id, bucket = f"reviews-{uuid4().hex[:16]}", f"s3://{self.emr.bucket}"
        folder = f"scratch/{run_id}"
        output = f"{bucket}/{folder}/prepared/attempt-01/"
        key = f"{folder}/preparation/config-01.json"
        body = {"sources": [f"{bucket}/raw/"], "output": output, "do": do}
        s3 = self.emr.aws.client("s3")
        s3.put_object(Bucket=self.emr.bucket, Key=key, Body=json.dumps(body))
        return PreparationOrder(
            name=f"{run_id}-prep01",
            run_id=run_id,
            project="reviews",
            attempt=1,
            program_uri=f"{bucket}/code/prepare.py",
            config_uri=f"{bucket}/{key}",
            output_uri=output,
            log_uri=f"{bucket}/logs/",
            terms=self.quote().terms,
        )

    def ended(self, order: PreparationOrder) -> PreparationState:
        """Waits for the end of an attempt."""

        def look() -> PreparationState | None:
            state = self.engine.look(order)
            return state if state is not None and not state.is_active else None

        found: PreparationState = eventually(look)
        return found

    def started(self, order: PreparationOrder) -> None:
        """Waits until its program runs."""
        eventually(lambda: (state := self.engine.look(order)) and state.started_at)
