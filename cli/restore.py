"""Brings back an endpoint that Thriftline deleted, from its saved copy.

    python cli/restore.py --list
    python cli/restore.py NAME [--dry-run] [--region R --account A --created TIME]

It calls the stack's function again and again until the endpoint is whole: config, tags, inference
components and scaling. An endpoint of the same name that lives is never touched. Interrupted, it
can be called again.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# It is called as it stands, as a file: the folder above is not on the path then.
sys.path.insert(0, str(Path(__file__).parents[1]))

from cli.aws_problems import in_one_line

SAVED = "saved/endpoints/"
# The function has five minutes, and a second call would only do the same.
_PATIENT = Config(read_timeout=330, retries={"total_max_attempts": 1})


class RestoreError(Exception):
    """It cannot be restored as asked; the message says why."""


def outputs_of(stack: str, cloudformation: Any) -> dict[str, str]:
    """Returns a stack's outputs."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}


def saved_copies(s3: Any, bucket: str) -> Iterator[str]:
    """Yields a line for each saved copy: name, account, region, creation, time of saving."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=SAVED)
    for page in pages:
        for stored in page.get("Contents", []):
            account, region, name, document = stored["Key"].removeprefix(SAVED).split("/")
            stamp = f"{document.removesuffix('.json')}+0000"
            created = datetime.strptime(stamp, "%Y%m%dT%H%M%S%f%z").isoformat()
            yield (
                f"{name}  --account {account} --region {region} --created {created}  "
                f"saved {stored['LastModified']:%Y-%m-%d %H:%M} UTC"
            )


def restore(
    request: dict[str, Any],
    ask: Callable[[dict[str, Any]], dict[str, Any]],
    say: Callable[[str], None],
    sleep: Callable[[float], None],
    *,
    every: float,
    looks: int,
) -> bool:
    """Asks until the endpoint is whole; returns False when another endpoint has its name.

    Raises:
        RestoreError: the function refused, or SageMaker took longer than ``looks`` x ``every`` s.
    """
    waiting: tuple[str, ...] = ()
    for look in range(looks):
        if look:
            sleep(every)
        answer = ask(request)
        if not look:
            say(f"saved copy: {answer['saved_uri']}")
        for step in answer["steps"]:
            say(f"{'would do' if request['dry_run'] else 'done'}: {step}")
        left = tuple(answer["left"])
        if left and left != waiting:
            say(f"left: {'; '.join(left)}")
        waiting = left
        if answer["outcome"] == "exists":
            say(
                f"{answer['endpoint']} is live: a live endpoint is never touched, so nothing was "
                "done."
            )
            return False
        if answer["outcome"] != "restoring":
            say(f"{answer['endpoint']}: {answer['outcome'].replace('_', ' ')}")
            return True
    raise RestoreError("SageMaker is still at work; call this again.")


def _invoke(client: Any, function: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = client.invoke(FunctionName=function, Payload=json.dumps(request).encode())
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise RestoreError(payload.get("errorMessage", "the function failed; see its log"))
    return payload


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Brings back an endpoint from its saved copy.")
    parser.add_argument("name", nargs="?", help="the endpoint")
    parser.add_argument("--list", action="store_true", help="show what can be restored")
    parser.add_argument("--region", help="where it was, if its name was saved in several regions")
    parser.add_argument("--account", help="whose it was, if several accounts had one")
    parser.add_argument("--created", help="which of its lives, as --list shows it; else the last")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done")
    parser.add_argument("--stack", default="thriftline", help="the stack (thriftline)")
    parser.add_argument("--every", type=float, default=15.0, help="seconds between looks (15)")
    parser.add_argument("--wait", type=float, default=30.0, help="minutes to wait at most (30)")
    parsed = parser.parse_args(arguments)
    if not parsed.list and parsed.name is None:
        parser.error("say which endpoint, or --list")
    return parsed


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Returns 0 when the endpoint is whole (or the list is shown), 1 otherwise."""
    parsed = _parsed(arguments)
    try:
        return _run(parsed)
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"restore: {in_one_line(error)}\n")
    except RestoreError as error:
        sys.stderr.write(f"restore: {error}\n")
    return 1


def _run(parsed: argparse.Namespace) -> int:
    outputs = outputs_of(parsed.stack, boto3.client("cloudformation"))
    if parsed.list:
        lines = list(saved_copies(boto3.client("s3"), outputs["ArtifactsBucketName"]))
        _say("\n".join(lines) or "No endpoint was saved yet.")
        return 0
    client = boto3.client("lambda", config=_PATIENT)
    function = outputs.get("RestoreEndpointFunctionName")
    if function is None:
        raise RestoreError(
            f"the stack {parsed.stack} has no restore function: it has one with AuditMode=act"
        )
    request = {
        "endpoint": parsed.name,
        "account": parsed.account,
        "region": parsed.region,
        "created": parsed.created,
        "dry_run": parsed.dry_run,
    }
    whole = restore(
        request,
        lambda asked: _invoke(client, function, asked),
        _say,
        time.sleep,
        every=parsed.every,
        looks=max(1, round(parsed.wait * 60 / max(parsed.every, 0.1))),
    )
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
