"""Brings back an endpoint that Thriftline deleted, from its saved copy.

It calls the stack's function again and again until the endpoint is whole: config, tags, inference
components and scaling. An endpoint of the same name that lives is never touched. Interrupted, it
can be called again.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from thriftline_cli.exits import CommandError, Exit

SAVED = "saved/endpoints/"


def saved_copies(s3: Any, bucket: str) -> Iterator[dict[str, Any]]:
    """Yields each saved copy: name, account, region, creation, time of saving."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=SAVED)
    for page in pages:
        for stored in page.get("Contents", []):
            parts = stored["Key"].removeprefix(SAVED).split("/")
            # Whatever else lies there was put there by somebody.
            if len(parts) != 4:
                continue
            account, region, name, document = parts
            stamp = f"{document.removesuffix('.json')}+0000"
            yield {
                "endpoint": name,
                "account": account,
                "region": region,
                "created": datetime.strptime(stamp, "%Y%m%dT%H%M%S%f%z").isoformat(),
                "saved_at": stored["LastModified"].isoformat(),
            }


def restore(
    request: dict[str, Any],
    ask: Callable[[dict[str, Any]], dict[str, Any]],
    say: Callable[[str], None],
    sleep: Callable[[float], None],
    *,
    every: float,
    looks: int,
) -> dict[str, Any]:
    """Asks until the endpoint is whole, or another endpoint has its name; returns the last answer.

    Raises:
        CommandError: the function refused, or SageMaker took longer than ``looks`` x ``every`` s.
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
            say(f"{answer['endpoint']} is live, and a live endpoint is never touched")
        if answer["outcome"] != "restoring":
            return answer
    raise CommandError("SageMaker is still at work; call this again", Exit.TIMED_OUT)


def invoke(client: Any, function: str, request: dict[str, Any]) -> dict[str, Any]:
    """Calls the function; its refusal is ours."""
    answer = client.invoke(FunctionName=function, Payload=json.dumps(request).encode())
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CommandError(
            payload.get("errorMessage", "the function failed; see its log"), Exit.FAILED
        )
    return payload
