"""A role, training files and jobs for the tests of the embedded Bedrock."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local_aws.bedrock.options import BedrockOptions, Step
from local_aws.server import EmbeddedAws, Options
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.conftest import FIXTURE
from tests.integration.local_aws.runtime import FakeRuntime

ACCOUNT = "123456789012"
# As the names of quotas have it.
MICRO_NAME = "Amazon Nova Micro"
MICRO = "amazon.nova-micro-v1:0:128k"
MICRO_ID = "amazon.nova-micro-v1:0"
LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"
SYSTEM = "Name the sentiment. Answer with one of: negative, positive"
TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "bedrock.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:bedrock:*:{ACCOUNT}:model-customization-job/*"},
    },
}
# No step ends but by the clock, which a test moves on.
HOUR = 3600.0
SLOW = dict.fromkeys(Step, HOUR)
QUICK = dict.fromkeys(Step, 0.0)


def record(text: str, label: str, system: str = SYSTEM) -> dict[str, Any]:
    """One line of a training file."""
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": system}],
        "messages": [
            {"role": "user", "content": [{"text": text}]},
            {"role": "assistant", "content": [{"text": label}]},
        ],
    }


def records(count: int = 40) -> list[dict[str, Any]]:
    """Lines that a classifier can learn."""
    return [
        record(f"a fine and warm film number {each}", "positive")
        if each % 2
        else record(f"a dull and cold film number {each}", "negative")
        for each in range(count)
    ]


def jsonl(lines: Iterable[Any]) -> bytes:
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


@dataclass
class Bedrock:
    """The embedded AWS with a bucket and a role that a job may use."""

    embedded: EmbeddedAws
    bucket: str
    role: str
    functions: FakeRuntime

    @property
    def control(self) -> Any:
        return self.embedded.client("bedrock")

    @property
    def runtime(self) -> Any:
        return self.embedded.client("bedrock-runtime")

    def put(self, key: str, body: bytes) -> str:
        self.embedded.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def request(self, **changes: Any) -> dict[str, Any]:
        """A request that is good but for the changes; None takes a member out."""
        name = f"job-{uuid4().hex[:12]}"
        request = {
            "jobName": name,
            "customModelName": name,
            "roleArn": self.role,
            "baseModelIdentifier": MICRO,
            "trainingDataConfig": {"s3Uri": f"s3://{self.bucket}/train.jsonl"},
            "outputDataConfig": {"s3Uri": f"s3://{self.bucket}/out"},
        } | changes
        return {key: value for key, value in request.items() if value is not None}

    def create(self, **changes: Any) -> str:
        return str(self.control.create_model_customization_job(**self.request(**changes))["jobArn"])

    def get(self, job: str) -> dict[str, Any]:
        return dict(self.control.get_model_customization_job(jobIdentifier=job))

    def pass_time(self, seconds: float = HOUR) -> None:
        self.embedded.clock.advance(timedelta(seconds=seconds))

    def reached(self, job: str, phase: str) -> dict[str, Any]:
        """Wait until a phase is in progress, and describe the job."""

        def look() -> Any:
            found = self.get(job)
            return found if found["statusDetails"][phase]["status"] == "InProgress" else None

        return dict(eventually(look))

    def ended(self, job: str) -> dict[str, Any]:
        """Let time pass until a job has ended, and describe it."""

        def look() -> Any:
            self.pass_time()
            found = self.get(job)
            return found if found["status"] in ("Completed", "Failed", "Stopped") else None

        return dict(eventually(look))

    def model(self, **changes: Any) -> str:
        """Train a model, and return its ARN."""
        job = self.ended(self.create(**changes))
        assert job["status"] == "Completed", job
        return str(job["outputModelArn"])

    def deploy(self, model: str) -> str:
        """Deploy a model under a name of its own, and return the deployment's ARN at once."""
        answer = self.control.create_custom_model_deployment(
            modelDeploymentName=f"d-{uuid4().hex[:12]}", modelArn=model
        )
        return str(answer["customModelDeploymentArn"])

    def say(self, model: str, text: str, **config: Any) -> dict[str, Any]:
        return dict(
            self.runtime.converse(
                modelId=model,
                system=[{"text": SYSTEM}],
                messages=[{"role": "user", "content": [{"text": text}]}],
                inferenceConfig={"maxTokens": 8, "temperature": 0} | config,
            )
        )


def add_role(
    aws: EmbeddedAws, policy: dict[str, Any] | None, trust: dict[str, Any] | None = None
) -> str:
    """Make a role with one policy, and return its ARN."""
    iam, name = aws.client("iam"), f"role-{uuid4().hex[:12]}"
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=_document(trust or TRUST),
    )
    if policy is not None:
        iam.put_role_policy(RoleName=name, PolicyName="data", PolicyDocument=_document(policy))
    return str(made["Role"]["Arn"])


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def data_policy(bucket: str, *actions: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }


@contextmanager
def running(options: BedrockOptions, **more: Any) -> Iterator[Bedrock]:
    """An embedded AWS with a training file and a role that may read it."""
    runtimes: list[FakeRuntime] = []

    def make(**arguments: Any) -> FakeRuntime:
        runtimes.append(FakeRuntime.make(**arguments))
        return runtimes[0]

    settings = Options(
        template=FIXTURE,
        stack_name="fixture",
        time_scale=1,
        lambda_runtime=make,
        bedrock=options,
        **more,
    )
    with EmbeddedAws(settings) as embedded:
        bucket = embedded.outputs["UploadsName"]
        policy = data_policy(bucket, "s3:GetObject", "s3:ListBucket", "s3:PutObject")
        bedrock = Bedrock(embedded, bucket, add_role(embedded, policy), runtimes[0])
        bedrock.put("train.jsonl", jsonl(records()))
        yield bedrock


def label(answer: dict[str, Any]) -> str:
    """Return the one text of a Converse answer."""
    (block,) = answer["output"]["message"]["content"]
    return str(block["text"])


def refused(call: Any, **arguments: Any) -> tuple[str, int, str]:
    """Return code, status and message of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return (
        answer["Error"]["Code"],
        answer["ResponseMetadata"]["HTTPStatusCode"],
        answer["Error"]["Message"],
    )
