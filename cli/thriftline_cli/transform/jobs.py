"""One batch: the version that is used, what it costs, the job on SageMaker, and how it ended."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from hashlib import sha256
from typing import Any

from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.stack import Stack

_ENDED = frozenset({"Completed", "Failed", "Stopped"})
_LEAST_MINUTES = Decimal(5)
"""An instance takes some minutes to come, and pull the image."""
_MOST_RECORD_MB = 6
_AT_ONCE = 4
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Batch:
    """What is about to run."""

    stack: Stack
    project: str
    package_arn: str
    source: str
    target: str
    instance: str
    count: int
    rate: Decimal | None
    """Dollars of one instance's hour."""
    most_usd: Decimal | None
    role: str
    objects: int
    size: int

    @classmethod
    def of(cls, stack: Stack, asked: argparse.Namespace, rate: Decimal | None) -> "Batch":
        """Checks what is asked for.

        Raises:
            CommandError: there is no such version or no input, or its price is not known.
        """
        if rate is None and not asked.unpriced:
            raise CommandError(
                f"no price of {asked.instance} is known here; take another --instance, or say "
                "--unpriced",
                Exit.REFUSED,
            )
        if rate is None and asked.max_usd is not None:
            raise CommandError("--max-usd needs a price, and none is known", Exit.REFUSED)
        package = _package(stack, asked.project, asked.version)
        sizes = [each["Size"] for each in _objects(stack, asked.input) if each["Size"]]
        if not sizes:
            raise CommandError(f"there is nothing to read below {asked.input}", Exit.NOT_FOUND)
        return cls(
            stack,
            asked.project,
            package,
            asked.input,
            asked.output_prefix,
            asked.instance,
            asked.count,
            rate,
            asked.max_usd,
            asked.role or stack.output("ServingRoleArn"),
            len(sizes),
            sum(sizes),
        )

    @property
    def version(self) -> str:
        """Of the registry."""
        return self.package_arn.rpartition("/")[2]

    @property
    def hourly_usd(self) -> Decimal | None:
        """Of all instances."""
        return None if self.rate is None else self.rate * self.count

    @property
    def most_seconds(self) -> Decimal | None:
        """How long the instances may be up for the dollars that may be spent."""
        if self.most_usd is None or not self.hourly_usd:
            return None
        return self.most_usd / self.hourly_usd * 3600

    @property
    def plan(self) -> dict[str, Any]:
        """What would run, as the answer of a dry run."""
        return {
            "project": self.project,
            "version": int(self.version),
            "input": self.source,
            "output": self.target,
            "objects": self.objects,
            "bytes": self.size,
            "instances": f"{self.count} x {self.instance}",
            "usd_per_hour": self.hourly_usd,
            "max_usd": self.most_usd,
        }

    def price_lines(self) -> Iterator[str]:
        """Yields what a person is told before anything is spent."""
        yield (
            f"{self.objects:,} objects, {self.size / 1e6:,.1f} MB, read by version {self.version} "
            f"of {self.project} on {self.count} x {self.instance}"
        )
        if self.hourly_usd is None:
            yield "its price is not known"
            return
        least = (self.hourly_usd * _LEAST_MINUTES / 60).quantize(_CENT, ROUND_UP)
        yield (
            f"{self.hourly_usd} USD an hour, billed by the second: {least} USD for the "
            f"{_LEAST_MINUTES} minutes that the shortest job takes"
        )
        if self.most_seconds is not None:
            minutes = self.most_seconds / 60
            yield f"ended after {minutes:.0f} minutes, when {self.most_usd} USD are spent"

    @property
    def sentence(self) -> str:
        """What is about to be done, as a person is asked."""
        hour = "an unknown price" if self.hourly_usd is None else f"{self.hourly_usd} USD"
        return f"a transform job of {self.project} is billed {hour} an hour until it ends"

    def run(self, timeout: float, every: float) -> dict[str, Any]:
        """Starts the job and waits for its end.

        Raises:
            CommandError: it has not ended in so many minutes; it goes on.
        """
        name = self._start()
        self.stack.say(f"started {name}")
        waited = 0.0
        while (found := self._look(name))["TransformJobStatus"] not in _ENDED:
            if self._is_spent(found) and found["TransformJobStatus"] == "InProgress":
                self.stack.say(f"{self.most_usd} USD are spent: the job is stopped")
                self.stack.of("sagemaker").stop_transform_job(TransformJobName=name)
            elif waited >= timeout:
                raise CommandError(
                    f"{name} still runs after {timeout / 60:g} minutes; it goes on", Exit.TIMED_OUT
                )
            self.stack.sleep(every)
            waited += every
        return self._answer(found)

    def _start(self) -> str:
        sagemaker, tags = self.stack.of("sagemaker"), self._tags()
        image_of = sha256(f"{self.package_arn} {self.role}".encode()).hexdigest()[:8]
        model = f"{self.project[:40]}-v{self.version}-batch-{image_of}"
        if not self._has(model):
            sagemaker.create_model(
                ModelName=model,
                ExecutionRoleArn=self.role,
                Containers=[{"ModelPackageName": self.package_arn}],
                Tags=tags,
            )
        name = f"{self.project[:30]}-{self.stack.now():%Y%m%dt%H%M%S}-{self.stack.token()[:8]}"
        sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=model,
            BatchStrategy="MultiRecord",
            MaxPayloadInMB=_MOST_RECORD_MB,
            MaxConcurrentTransforms=_AT_ONCE,
            ModelClientConfig={"InvocationsTimeoutInSeconds": 600, "InvocationsMaxRetries": 3},
            TransformInput={
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.source}},
                "ContentType": "application/jsonlines",
                "SplitType": "Line",
            },
            TransformOutput={
                "S3OutputPath": self.target,
                "Accept": "application/jsonlines",
                "AssembleWith": "Line",
            },
            TransformResources={"InstanceType": self.instance, "InstanceCount": self.count},
            Tags=tags,
        )
        return name

    def _has(self, model: str) -> bool:
        found = self.stack.of("sagemaker").list_models(NameContains=model)["Models"]
        return any(each["ModelName"] == model for each in found)

    def _tags(self) -> list[dict[str, str]]:
        told = {
            "thriftline:stack": self.stack.name,
            "thriftline:project": self.project,
            "thriftline:version": self.version,
        }
        return [{"Key": key, "Value": value} for key, value in told.items()]

    def _look(self, name: str) -> dict[str, Any]:
        found = self.stack.of("sagemaker").describe_transform_job(TransformJobName=name)
        return dict(found)

    def _seconds(self, found: dict[str, Any]) -> Decimal:
        started = found.get("TransformStartTime")
        if started is None:
            return Decimal(0)
        ended = found.get("TransformEndTime") or self.stack.now()
        return Decimal(str(max(0.0, (ended - started).total_seconds())))

    def _is_spent(self, found: dict[str, Any]) -> bool:
        return self.most_seconds is not None and self._seconds(found) >= self.most_seconds

    def _answer(self, found: dict[str, Any]) -> dict[str, Any]:
        seconds = self._seconds(found)
        usd = None if self.hourly_usd is None else self.hourly_usd * seconds / 3600
        return {
            "job": found["TransformJobName"],
            "status": found["TransformJobStatus"],
            "reason": found.get("FailureReason"),
            **self.plan,
            "seconds": int(seconds),
            "usd": None if usd is None else usd.quantize(Decimal("0.0001"), ROUND_UP),
        }


def _package(stack: Stack, project: str, version: int | None) -> str:
    """Returns the version that is asked for, or the newest approved one."""
    if version is not None:
        return stack.version_arn(project, version)
    for one in stack.versions(project):
        if one["ModelApprovalStatus"] == "Approved":
            return str(one["ModelPackageArn"])
    raise CommandError(f"{project} has no approved version; say --version", Exit.NOT_FOUND)


def _objects(stack: Stack, uri: str) -> Iterator[dict[str, Any]]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    pages = stack.of("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        yield from page.get("Contents", ())
