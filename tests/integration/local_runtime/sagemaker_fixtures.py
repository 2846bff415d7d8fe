"""Fixtures of a SageMaker that trains; import them into the test file that uses them."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data

from local_aws.clients import Clients
from local_aws.training.jobs import TrainingJobs, TrainingOptions
from tests.integration.local_runtime.conftest import processes_below
from tests.integration.local_runtime.training_client import PROGRAM, Clock, SageMaker

Start = Callable[..., SageMaker]
PAUSED = {"steps": "1000", "pause_every": "3"}


@pytest.fixture
def start(endpoint: str, tmp_path: Path) -> Iterator[Start]:
    scratch = tmp_path / "jobs"
    started: list[TrainingJobs] = []

    def run(quotas: Mapping[str, int] | None = None, **options: Any) -> SageMaker:
        options = {"stop_grace_seconds": 20, "checkpoint_sync_seconds": 0.05, **options}
        clock = Clock()
        jobs = TrainingJobs(
            command=[sys.executable, str(PROGRAM)],
            scratch=scratch,
            options=TrainingOptions(**options),
            clock=clock,
            quota_of=lambda account, region, name: (quotas or {}).get(name, 1000),
        )
        jobs.set_endpoint(endpoint)
        jobs.install()
        started.append(jobs)
        clients = Clients(endpoint, "us-east-1")
        sagemaker = SageMaker(clients, jobs, clock, scratch)
        sagemaker.s3.create_bucket(Bucket="artifacts")
        sagemaker.put("data/train/part-00000.jsonl", '{"text": "a"}\n')
        trust = {"Statement": [{"Principal": {"Service": "sagemaker.amazonaws.com"}}]}
        clients.get("iam").create_role(
            RoleName="training", AssumeRolePolicyDocument=json.dumps(trust)
        )
        return sagemaker

    yield run
    for jobs in started:
        jobs.close()
    BackendDict.reset()
    reset_model_data()
    assert processes_below(scratch) == []
    assert not scratch.exists() or list(scratch.iterdir()) == []


@pytest.fixture
def sagemaker(start: Start) -> SageMaker:
    return start()


def refused(sagemaker: SageMaker, **changes: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        sagemaker.create(**changes)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]
