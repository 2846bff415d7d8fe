"""`thriftline transform` over a stack in memory."""

import io
import json
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.cli.streams import Lines
from thriftline_cli.commands.transform import run
from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import parsed

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
GROUP = "arn:aws:sagemaker:us-east-1:123456789012:model-package/thriftline-shop"
LINE = "shop s3://texts/in/ s3://texts/out"


@dataclass
class World:
    """CloudFormation, S3 and SageMaker in one."""

    statuses: list[str] = field(default_factory=lambda: ["InProgress", "Completed"])
    seconds: int = 600
    sizes: tuple[int, ...] = (1000, 0, 500)
    approved: tuple[int, ...] = (1, 2)
    models: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)
    slept: float = 0.0

    def command(
        self, line: str, rate: Decimal | None = Decimal("0.23"), *, says_yes: bool = True
    ) -> int:
        out = io.StringIO()
        yes = ["--yes"] if says_yes else []
        asked = parsed(["transform", *shlex.split(line), "--output", "json", *yes])
        context = Context(
            asked,
            stdout=out,
            stderr=Lines(self.said),
            environ={},
            sleep=self.sleep,
            now=lambda: NOW + timedelta(seconds=self.slept),
            token=lambda: "0123456789",
            make_client=lambda _: self,
        )
        try:
            return run(asked, context, lambda _: rate)
        finally:
            self.wrote.append(out.getvalue())

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    @property
    def answer(self) -> Any:
        return json.loads(self.wrote[-1])

    def get_paginator(self, name: str) -> Any:
        pages: dict[str, Any] = {
            "list_objects_v2": [{"Contents": [{"Size": size} for size in self.sizes]}],
            "list_model_packages": [
                {
                    "ModelPackageSummaryList": [
                        {
                            "ModelPackageArn": f"{GROUP}/{number}",
                            "ModelApprovalStatus": (
                                "Approved" if number in self.approved else "Rejected"
                            ),
                        }
                        for number in (3, 2, 1)
                    ]
                }
            ],
        }

        class Paginator:
            def paginate(self, **_: Any) -> Any:
                return pages[name]

        return Paginator()

    def describe_stacks(self, **_: Any) -> Any:
        output = {"OutputKey": "ServingRoleArn", "OutputValue": "arn:aws:iam::1:role/serving"}
        return {"Stacks": [{"Outputs": [output]}]}

    def list_models(self, **_: Any) -> Any:
        return {"Models": self.models}

    def create_model(self, **asked: Any) -> None:
        self.models.append(asked)

    def create_transform_job(self, **asked: Any) -> None:
        self.jobs.append(asked)

    def describe_transform_job(self, TransformJobName: str) -> Any:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        found = {
            "TransformJobName": TransformJobName,
            "TransformJobStatus": "Stopped" if self.stopped else status,
            "TransformStartTime": NOW,
        }
        ended = {"TransformEndTime": NOW + timedelta(seconds=self.seconds)}
        return {**found, **(ended if status != "InProgress" or self.stopped else {})}

    def stop_transform_job(self, TransformJobName: str) -> None:
        self.stopped.append(TransformJobName)


@pytest.fixture
def world() -> World:
    return World()


def test_the_newest_approved_version_classifies_what_lies_in_s3(world: World) -> None:
    assert world.command(LINE) == Exit.DONE
    (job,) = world.jobs
    assert world.models[0]["Containers"] == [{"ModelPackageName": f"{GROUP}/2"}]
    assert world.models[0]["ExecutionRoleArn"] == "arn:aws:iam::1:role/serving"
    assert job["ModelName"] == world.models[0]["ModelName"]
    assert job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://texts/in/"
    assert job["TransformOutput"]["S3OutputPath"] == "s3://texts/out"
    assert {"Key": "thriftline:project", "Value": "shop"} in job["Tags"]
    assert world.answer["status"] == "Completed"
    assert (world.answer["seconds"], world.answer["usd"]) == (600, "0.0384")


def test_the_price_is_said_before_anything_starts(world: World) -> None:
    assert world.command(f"{LINE} --count 2 --max-usd 1 --dry-run") == Exit.DONE
    assert world.jobs == []
    assert world.said == [
        "2 objects, 0.0 MB, read by version 2 of shop on 2 x ml.m5.xlarge",
        "0.46 USD an hour, billed by the second: 0.04 USD for the 5 minutes that the shortest job "
        "takes",
        "ended after 130 minutes, when 1 USD are spent",
    ]
    assert world.answer["usd_per_hour"] == "0.46"


def test_nothing_starts_before_somebody_says_yes(world: World) -> None:
    with pytest.raises(CommandError, match=r"is billed 0\.23 USD an hour") as refused:
        world.command(LINE, says_yes=False)
    assert refused.value.code == Exit.REFUSED
    assert world.jobs == world.models == []


def test_a_job_that_has_spent_its_dollars_is_stopped(world: World) -> None:
    world.statuses, world.seconds = ["InProgress"], 160
    assert world.command(f"{LINE} --max-usd 0.01") == Exit.FAILED
    assert len(world.stopped) == 1
    assert world.slept == 170  # 0.01 of 0.23 dollars are 157 seconds; then one look more
    assert world.answer["status"] == "Stopped"


def test_a_second_batch_uses_the_same_model(world: World) -> None:
    world.command(LINE)
    world.statuses = ["Completed"]
    world.command(LINE)
    assert len(world.models) == 1
    assert len(world.jobs) == 2


@pytest.mark.parametrize(
    ("line", "change", "code", "said"),
    [
        (LINE, {"approved": ()}, Exit.NOT_FOUND, "no approved version"),
        (f"{LINE} --version 9", {}, Exit.NOT_FOUND, "has no version 9"),
        (LINE, {"sizes": (0,)}, Exit.NOT_FOUND, "nothing to read below s3://texts/in/"),
        (f"{LINE} --timeout 1m", {"statuses": ["InProgress"]}, Exit.TIMED_OUT, "it goes on"),
    ],
)
def test_what_cannot_be_done_is_said(
    line: str, change: dict[str, Any], code: Exit, said: str
) -> None:
    world = World(**change)
    with pytest.raises(CommandError, match=said) as refused:
        world.command(line)
    assert refused.value.code == code


def test_an_unknown_price_is_refused_unless_it_is_accepted(world: World) -> None:
    with pytest.raises(CommandError, match=r"no price of ml\.m5\.xlarge") as refused:
        world.command(LINE, None)
    assert refused.value.code == Exit.REFUSED
    assert world.jobs == []
    assert world.command(f"{LINE} --unpriced", None) == Exit.DONE
    assert world.answer["usd"] is None


def test_a_failed_job_fails_the_command(world: World) -> None:
    world.statuses = ["Failed"]
    assert world.command(LINE) == Exit.FAILED


@pytest.mark.parametrize(
    "line",
    [
        "shop texts/in s3://texts/out",
        "../x s3://texts/in s3://texts/out",
        f"{LINE} --count 0",
        f"{LINE} --max-usd nan",
    ],
)
def test_a_line_that_makes_no_sense_is_refused(line: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(["transform", *shlex.split(line)])
    assert ended.value.code == Exit.USAGE
