"""What tests of programs of Spark say again and again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local_aws.preparation.options import PreparationFault, PreparationOptions
from local_aws.server import EmbeddedAws, Options
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.runtime import FakeRuntime

FIXTURE = Path(__file__).parent / "fixture" / "template.yaml"
PROGRAM = Path(__file__).with_name("spark_program.py")
# A real program takes a minute where others use the cores as well.
PATIENCE_SECONDS = 600
SOURCE = b"text,label\ngood,1\n"
_ENDED = {"SUCCESS", "FAILED", "CANCELLED"}
SMALL = (
    "--conf spark.driver.cores=1 --conf spark.driver.memory=2g "
    "--conf spark.driver.memoryOverhead=2g --conf spark.executor.cores=1 "
    "--conf spark.executor.memory=2g --conf spark.executor.memoryOverhead=2g "
    "--conf spark.dynamicAllocation.maxExecutors=3"
)


@dataclass
class Spark:
    """The embedded AWS with a role, raw data and a configuration."""

    aws: EmbeddedAws
    role: str
    bucket: str
    application: str

    @property
    def emr(self) -> Any:
        return self.aws.client("emr-serverless")

    def config(self) -> tuple[str, str]:
        """Write the configuration of a program; returns its URI, and the output's."""
        output = f"s3://{self.bucket}/scratch/{uuid4()}/"
        key = f"scratch/{uuid4()}/config.json"
        body = {"sources": [f"s3://{self.bucket}/raw/"], "output": output}
        self.aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=json.dumps(body))
        return f"s3://{self.bucket}/{key}", output

    def request(self, do: str = "copy", **more: Any) -> dict[str, Any]:
        """Return the arguments of StartJobRun for a program that does something."""
        config = more.pop("config", None) or self.config()[0]
        return {
            "applicationId": self.application,
            "clientToken": str(uuid4()),
            "executionRoleArn": self.role,
            "jobDriver": {
                "sparkSubmit": {
                    "entryPoint": f"s3://{self.bucket}/code/prepare.py",
                    "entryPointArguments": ["--config", config, "--do", do],
                    "sparkSubmitParameters": more.pop("parameters", SMALL),
                }
            },
            **more,
        }

    def start(self, do: str = "copy", **more: Any) -> str:
        return str(self.emr.start_job_run(**self.request(do, **more))["jobRunId"])

    def look(self, run: str) -> dict[str, Any]:
        found = self.emr.get_job_run(applicationId=self.application, jobRunId=run)
        return dict(found["jobRun"])

    def reach(self, run: str, *states: str) -> dict[str, Any]:
        """Wait until a run is in one of the states."""
        found: dict[str, Any] = eventually(
            lambda: seen if (seen := self.look(run))["state"] in states else None,
            PATIENCE_SECONDS,
        )
        return found

    def ended(self, run: str) -> dict[str, Any]:
        return self.reach(run, *_ENDED)

    def advance(self, seconds: float) -> None:
        self.aws.clock.advance(timedelta(seconds=seconds))

    def fault(self, *faults: PreparationFault) -> None:
        assert self.aws.programs is not None
        self.aws.programs.faults.add(*faults)

    def keys(self, uri: str) -> list[str]:
        prefix = uri.removeprefix(f"s3://{self.bucket}/")
        found = self.aws.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"].removeprefix(prefix) for each in found.get("Contents", ())]


@contextmanager
def spark(options: PreparationOptions | None, **more: Any) -> Iterator[Spark]:
    """Run the fixture's stack with programs of Spark."""
    settings = Options(
        template=FIXTURE,
        stack_name="fixture",
        lambda_runtime=FakeRuntime.make,
        preparation=options,
        **more,
    )
    with EmbeddedAws(settings) as aws:
        bucket = aws.outputs["UploadsName"]
        s3 = aws.client("s3")
        s3.put_object(Bucket=bucket, Key="raw/a.csv", Body=SOURCE)
        s3.put_object(Bucket=bucket, Key="rawer/no.csv", Body=b"of another folder")
        s3.put_object(Bucket=bucket, Key="code/prepare.py", Body=PROGRAM.read_bytes())
        yield Spark(aws, make_role(aws, bucket), bucket, aws.outputs["SparkId"])


def make_role(
    aws: EmbeddedAws,
    bucket: str,
    service: str = "emr-serverless.amazonaws.com",
    *,
    reads: str = "*",
    writes: str = "*",
) -> str:
    """Make a role that a service may assume, for parts of a bucket."""
    iam, name = aws.client("iam"), f"role-{uuid4().hex[:8]}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        ],
    }
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    place = f"arn:aws:s3:::{bucket}"
    statements = [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": place},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{place}/{reads}"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{place}/{writes}"},
    ]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="data",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    return str(arn)


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    """Return code and message of a call that is refused."""
    with pytest.raises(ClientError) as info:
        call(**arguments)
    error = info.value.response["Error"]
    return error["Code"], error["Message"]
