"""Many uploads at the same moment, each a project of its own: every one ends with its result.

8 in the gate; ``make test-crowd`` uploads 200.
"""

import json
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.integration.workflow.world import World, csv_of

UPLOADS = int(os.environ.get("THRIFTLINE_UPLOADS_AT_ONCE", "8"))
SECONDS_EACH = 30


def test_uploads_at_once_all_end_as_they_should(world: World) -> None:
    names = [f"crowd{number}" for number in range(UPLOADS)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: world.upload(f"{name}/reviews.csv", csv_of(200)), names))
    endings = wait_for_endings(world)

    assert Counter(status for status, _ in endings.values()) == {"SUCCEEDED": UPLOADS}, endings
    jobs = Counter(job["TrainingJobStatus"] for name in names for job in world.jobs_of(f"{name}-"))
    assert jobs == {"Completed": UPLOADS}
    results = [json.loads(output)["status"] for _, output in endings.values()]
    assert set(results) <= {"succeeded", "not_promoted"}, Counter(results)


def wait_for_endings(world: World) -> dict[str, tuple[str, str]]:
    """Wait until every upload's execution has ended; return status and output, or cause."""
    deadline = time.monotonic() + 120 + SECONDS_EACH * UPLOADS
    while time.monotonic() < deadline:
        pages = world.states.get_paginator("list_executions").paginate(
            stateMachineArn=world.machine
        )
        listed = [one for page in pages for one in page["executions"]]
        if len(listed) == UPLOADS and not [one for one in listed if one["status"] == "RUNNING"]:
            return {one["executionArn"]: ending_of(world, one["executionArn"]) for one in listed}
        time.sleep(2)
    raise AssertionError(Counter(one["status"] for one in listed))


def ending_of(world: World, arn: str) -> tuple[str, str]:
    found = world.states.describe_execution(executionArn=arn)
    return found["status"], found.get("output") or f"{found.get('error')}: {found.get('cause')}"
