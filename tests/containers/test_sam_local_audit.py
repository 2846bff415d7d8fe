"""One audit, step by step: each function in a container of its own, on its sample event.

The tests are the steps of one audit and need those before them (run.sh stops at the first
failure).
"""

import json
from typing import Any

import jsonschema
import pytest

from tests.containers.conftest import Aws
from tests.containers.sam import ROOT, Sam, sample_event
from thriftline.audit.domain.parts import Part

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

LOG_GROUP = "/aws/sagemaker/forgotten"
COLLECTED = (Part.ENDPOINTS, Part.BUCKETS, Part.LOG_GROUPS)


@pytest.fixture(scope="module")
def live(aws: Aws) -> dict[str, Any]:
    """What is known of the audit so far, by the names of the events' keys."""
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    # Training jobs made log groups too: of so few, a share would hold back all.
    return {"input": {"parameters": {"max_action_share": 1}}}


def test_open_audit_settles_the_target(sam: Sam, live: dict[str, Any]) -> None:
    answer = sam.answer("open_audit", live)
    assert (answer["mode"], answer["targets"]) == ("act", 1)
    live["audit_id"] = answer["audit_id"]


def test_open_audit_refuses_what_there_is_not(sam: Sam, live: dict[str, Any]) -> None:
    answer = sam.invoke("open_audit", {**sample_event("open_audit", live), "input": {"region": []}})
    assert answer["errorType"] == "InvalidAuditInputError"


def test_collect_part_reads_what_it_is_told(sam: Sam, live: dict[str, Any]) -> None:
    for part in COLLECTED:
        answer = sam.answer("collect_part", {**live, "part": part})
        if part is not Part.ENDPOINTS:
            assert answer["resources"] > 0, part


def test_assemble_inventory_says_which_parts_are_missing(sam: Sam, live: dict[str, Any]) -> None:
    assert sam.answer("assemble_inventory", live)["unread"] > 0


def test_apply_rules_finds_the_log_group(sam: Sam, live: dict[str, Any]) -> None:
    assert sam.answer("apply_rules", live)["findings"] > 0


def test_plan_actions_plans_its_retention(sam: Sam, aws: Aws, live: dict[str, Any]) -> None:
    answer = sam.answer("plan_actions", live)
    plan = aws.document(f"audits/{live['audit_id']}/plan.json")
    index = [one["resource"] for one in plan["actions"]].index(LOG_GROUP)
    assert index in answer["executes"]
    live["index"] = index


def test_write_report_writes_what_its_schema_says(sam: Sam, aws: Aws, live: dict[str, Any]) -> None:
    assert sam.answer("write_report", live)["findings"] > 0
    report = aws.document(f"audits/{live['audit_id']}/report.json")
    schema = json.loads((ROOT / "docs/schemas/report.schema.json").read_text())
    jsonschema.validate(report, schema)
    assert "training_job" in {one["resource_type"] for one in report["unknown"]}


def test_mark_on_plan_may_not_act(sam: Sam, aws: Aws, live: dict[str, Any]) -> None:
    assert sam.answer("mark_on_plan", live)["outcome"] == "declined"
    assert "retentionInDays" not in _group(aws)


def test_act_on_plan_acts_and_says_so(sam: Sam, aws: Aws, live: dict[str, Any]) -> None:
    assert sam.answer("act_on_plan", live)["outcome"] == "done"
    assert _group(aws)["retentionInDays"] == 90


def test_publish_audit_counts_it(sam: Sam, live: dict[str, Any]) -> None:
    assert sam.answer("publish_audit", live)["done_actions"] == 1


def test_restore_endpoint_says_that_there_is_nothing_saved(sam: Sam) -> None:
    answer = sam.invoke("restore_endpoint", sample_event("restore_endpoint", {}))
    assert "llama3-endpoint-1" in answer["errorMessage"]


def _group(aws: Aws) -> dict[str, Any]:
    (found,) = aws.client("logs").describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]
    group: dict[str, Any] = found
    return group
