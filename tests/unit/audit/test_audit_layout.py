"""Where the documents of an audit lie: other functions, people and lifecycle rules rely on it."""

from datetime import UTC, datetime

import pytest

from thriftline.audit.domain import layout
from thriftline.audit.domain.actions import tagged_by
from thriftline.audit.domain.findings import ApiCall
from thriftline.audit.domain.parts import Part

PLACE = ("123456789012", "us-west-2")
CREATED = datetime(2026, 11, 1, 9, 8, 7, 654321, tzinfo=UTC)


def test_each_document_has_its_key() -> None:
    keys = [
        (layout.audit_prefix("a1"), "audits/a1/"),
        (layout.settings_key("a1"), "audits/a1/settings.json"),
        (layout.targets_key("a1"), "audits/a1/targets.json"),
        (
            layout.part_key("a1", *PLACE, Part.ENDPOINTS),
            "audits/a1/collected/123456789012/us-west-2/endpoints.json",
        ),
        (layout.inventory_key("a1", *PLACE), "audits/a1/inventory/123456789012/us-west-2.json"),
        (layout.result_key("a1", *PLACE), "audits/a1/results/123456789012/us-west-2.json"),
        (layout.plan_key("a1"), "audits/a1/plan.json"),
        (layout.record_key("a1", 7), "audits/a1/actions/0007.json"),
        (layout.report_key("a1", "md"), "audits/a1/report.md"),
        (layout.published_key("a1"), "audits/a1/published.json"),
        (
            layout.saved_endpoint_prefix(*PLACE, "chat"),
            "saved/endpoints/123456789012/us-west-2/chat/",
        ),
        (
            layout.saved_endpoint_key(*PLACE, "chat", CREATED),
            "saved/endpoints/123456789012/us-west-2/chat/20261101T090807654321.json",
        ),
        (layout.pending_key(*PLACE, "chat"), "saved/pending/123456789012/us-west-2/chat.json"),
        (
            layout.saved_lifecycle_key(PLACE[0], "data", "a1", 3),
            "saved/lifecycle/123456789012/data/a1-0003.json",
        ),
        (
            layout.restore_records_prefix(*PLACE, "chat"),
            "restores/123456789012/us-west-2/chat/",
        ),
        (
            layout.restore_record_key(*PLACE, "chat", CREATED),
            "restores/123456789012/us-west-2/chat/20261101T090807654321.json",
        ),
    ]
    assert [key for key, _ in keys] == [wanted for _, wanted in keys]


@pytest.mark.parametrize("name", ["ResourceArn", "resourceARN", "Bucket"])
def test_what_a_call_tags_is_named_in_each_services_words(name: str) -> None:
    assert tagged_by(ApiCall("any", "Tag", {"Other": "x", name: "the one"})) == "the one"
