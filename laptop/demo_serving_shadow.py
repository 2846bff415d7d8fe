"""Both models answer the same sentences; only those on which they differ get their label."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from laptop.demo_error import DemoError
from laptop.demo_serving_traffic import ask
from laptop.sample_data import Row
from local_aws.server import EmbeddedAws

_PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Labelled:
    """What was asked and labelled, and the comparison that judges it."""

    aws: EmbeddedAws
    execution_arn: str
    asked: int
    labelled: int

    @property
    def sentence(self) -> str:
        """What it took."""
        return f"{self.asked} sentences; {self.labelled} need a label, the rest agree"

    def wait(self) -> None:
        """Let the hour of the captures be over, then the deadline, and wait for the verdict.

        Raises:
            DemoError: none came.
        """
        # Few disagreements may not be evidence enough: the deadline ends it then.
        for later in (timedelta(minutes=80), timedelta(hours=4)):
            self.aws.clock.advance(later)
            if self._ended():
                return
        raise DemoError("the comparison did not end")

    def _ended(self) -> bool:
        deadline = time.monotonic() + _PATIENCE_SECONDS / 2
        states = self.aws.client("stepfunctions")
        while time.monotonic() < deadline:
            found = states.describe_execution(executionArn=self.execution_arn)
            if found["status"] != "RUNNING":
                return True
            time.sleep(0.5)
        return False


def label_disagreements(
    aws: EmbeddedAws, endpoint: str, execution_arn: str, rows: Sequence[Row]
) -> Labelled:
    """Ask every sentence once, and label those on which champion and shadow differ."""
    _wait_for_the_shadow(aws, endpoint)
    runtime = aws.client("sagemaker-runtime")
    for number, row in enumerate(rows):
        ask(runtime, endpoint, row.text, InferenceId=f"row-{number}")
    answers = _captured(aws, endpoint, len(rows))
    lines = [
        _label(f"row-{number}", row.label)
        for number, row in enumerate(rows)
        if answers["main"].get(f"row-{number}") != answers["shadow"].get(f"row-{number}")
    ]
    hour = aws.clock.now()
    _put(aws, f"serving/{endpoint}/labels/{hour:%Y/%m/%d/%H}/demo.jsonl", lines)
    return Labelled(aws, execution_arn, len(rows), len(lines))


def _wait_for_the_shadow(aws: EmbeddedAws, endpoint: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = aws.client("sagemaker").describe_endpoint(EndpointName=endpoint)
        if found["EndpointStatus"] == "InService" and found.get("ShadowProductionVariants"):
            return
        time.sleep(0.5)
    raise DemoError("the shadow variant did not come")


def _captured(aws: EmbeddedAws, endpoint: str, wanted: int) -> dict[str, dict[str, str]]:
    """Return the captured answers of both variants by inference id, once all are there."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = {name: dict(_answers(aws, endpoint, name)) for name in ("main", "shadow")}
        if all(len(one) >= wanted for one in found.values()):
            return found
        time.sleep(1)
    raise DemoError("the answers were not captured in time")


def _answers(aws: EmbeddedAws, endpoint: str, variant: str) -> Iterator[tuple[str, str]]:
    s3, bucket = aws.client("s3"), aws.outputs["ArtifactsBucketName"]
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"capture/{endpoint}/{variant}/"
    )
    for page in pages:
        for stored in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=stored["Key"])["Body"].read()
            for line in body.splitlines():
                yield from _answer(json.loads(line))


def _answer(line: dict[str, Any]) -> Iterator[tuple[str, str]]:
    name = line["eventMetadata"].get("inferenceId", "")
    output = line["captureData"].get("endpointOutput")
    if name.startswith("row-") and output is not None:
        yield name, str(json.loads(output["data"]).get("label"))


def _label(name: str, label: str) -> str:
    return json.dumps(
        {
            "groundTruthData": {"data": label, "encoding": "CSV"},
            "eventMetadata": {"eventId": name, "inferenceId": name},
            "eventVersion": "0",
        }
    )


def _put(aws: EmbeddedAws, key: str, lines: list[str]) -> None:
    aws.client("s3").put_object(
        Bucket=aws.outputs["ArtifactsBucketName"], Key=key, Body="\n".join(lines).encode()
    )
