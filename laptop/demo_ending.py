"""What follows a mark, by the APIs alone: the grace passes, the endpoint ends, and it comes back.

In an account that takes days; here the clock of the embedded AWS is moved on.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from laptop.demo_audit import execute, leave_documents
from laptop.demo_error import DemoError
from local_aws.clients import ACCESS_KEY, SECRET_KEY
from local_aws.server import ROOT, EmbeddedAws

# A deletion takes this embedded AWS two seconds.
_DELETED_AFTER = timedelta(seconds=5)
_DAY = timedelta(days=1)


def end_and_restore(
    aws: EmbeddedAws, report: Mapping[str, Any], folder: Path, console: Console
) -> None:
    """Let the grace of what was marked pass, end it, and bring it back.

    Raises:
        DemoError: it did not end, or did not come back.
    """
    marked = {one["resource"]: _moment(one["due"]) for one in _marked(report)}
    if not marked:
        console.print("No endpoint was marked, so none ends.")
        return
    console.rule(f"{_days(aws, marked)} days later")
    pass_silent_time(aws, marked)
    output = execute(aws, "IdleEndpointsStateMachineArn", {}, console)
    ended = leave_documents(aws, output["audit_id"], folder / "ended")
    for action in ended["planned_actions"]:
        if action["resource"] in marked:
            console.print(f"{action['resource']}: {_outcome(action)}", highlight=False)
    aws.clock.advance(_DELETED_AFTER)
    gone = sorted(set(marked) - endpoints(aws))
    if not gone:
        raise DemoError("the marked endpoints did not end; the report says why")
    console.print(f"endpoints that are gone: {', '.join(gone)}", highlight=False)
    for name in gone:
        _restore(aws, name, console)


def pass_silent_time(aws: EmbeddedAws, until: Mapping[str, datetime]) -> None:
    """Let time pass to the last instant of `until`; CloudWatch measures no request meanwhile."""
    last = max(until.values())
    while aws.clock.now() <= last:
        for name in until:
            for dimensions in _parts(aws, name):
                aws.put_metric("AWS/SageMaker", "Invocations", dimensions, 0.0)
        aws.clock.advance(_DAY)


def endpoints(aws: EmbeddedAws) -> set[str]:
    """Return the names of the endpoints that are there."""
    pages = aws.client("sagemaker").get_paginator("list_endpoints").paginate()
    return {one["EndpointName"] for page in pages for one in page["Endpoints"]}


def _marked(report: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for action in report["planned_actions"]:
        done = (action["result"] or {}).get("outcome") == "done"
        if (action["action"], action["step"], done) == ("terminate_endpoint", "mark", True):
            yield action


def _parts(aws: EmbeddedAws, endpoint: str) -> list[dict[str, str]]:
    sagemaker = aws.client("sagemaker")
    variants = sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
    components = sagemaker.list_inference_components(EndpointNameEquals=endpoint)
    return [
        *({"EndpointName": endpoint, "VariantName": one["VariantName"]} for one in variants),
        *(
            {"InferenceComponentName": one["InferenceComponentName"]}
            for one in components["InferenceComponents"]
        ),
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _days(aws: EmbeddedAws, marked: Mapping[str, datetime]) -> int:
    return (max(marked.values()) - aws.clock.now()) // _DAY + 1


def _outcome(action: Mapping[str, Any]) -> str:
    result = action["result"] or {}
    return f"{action['step']} {result.get('outcome', 'not done')}. {result.get('reason', '')}"


def _restore(aws: EmbeddedAws, name: str, console: Console) -> None:
    """Run the command that a person would type, against this embedded AWS."""
    command = ["-m", "thriftline_cli", "restore", name, "--every", "1s", "--timeout", "2m"]
    shown = shlex.join(["thriftline", "restore", name])
    console.print(f"$ {escape(shown)}", style="bold", highlight=False)
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT / "cli"),
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_DEFAULT_REGION": aws.region,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )
    for line in [*done.stderr.splitlines(), *done.stdout.splitlines()]:
        console.print(f"  {escape(line)}", highlight=False)
    if done.returncode:
        raise DemoError(f"{name} did not come back: {done.stderr.strip()}")
