"""Printed commands merge with what is there, or are called partial, and AWS would take them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.audit.accounts import NOW, bucket, component, endpoint, inventory, throughput
from tests.unit.audit.accounts import measured as measured_account
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import Unread
from thriftline.audit.domain.findings import ApiCall, Finding
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.money.price_catalogue import price_catalogue

REGION = "us-west-2"


def _findings(found: Inventory, rule: str, **parameters: Any) -> list[Finding]:
    said = audit(found, price_catalogue(), AuditParameters(**parameters))
    return [one for one in said.findings if one.rule == rule]


def test_tags_of_a_bucket_go_with_those_that_it_has_and_none_is_changed() -> None:
    wanted = {"required_tags": ("team", "env"), "default_tags": (("team", "ml"), ("env", "dev"))}
    found = inventory(buckets=(bucket(tags=(("env", "prod"), ("owner", "jane"))),))
    (finding,) = _findings(found, "ml.tags.missing", **wanted)
    (call,) = finding.change.calls
    tags = {one["Key"]: one["Value"] for one in call.parameters["Tagging"]["TagSet"]}
    assert tags == {"env": "prod", "owner": "jane", "team": "ml"}


def test_a_tag_that_an_endpoint_has_is_not_set_again() -> None:
    wanted = {"required_tags": ("team", "env"), "default_tags": (("team", "ml"), ("env", "dev"))}
    found = measured_account(inventory(endpoints=(endpoint(tags=(("env", "prod"),)),)))
    (finding,) = _findings(found, "ml.tags.missing", **wanted)
    (call,) = finding.change.calls
    assert call.parameters["Tags"] == [{"Key": "team", "Value": "ml"}]


def test_components_are_deleted_before_their_endpoint() -> None:
    found = measured_account(inventory(endpoints=(endpoint(inference_components=(component(),)),)))
    (finding,) = _findings(found, "ml.sagemaker.endpoint.idle")
    assert [one.operation for one in finding.change.calls] == [
        *("DeleteInferenceComponent", "DeleteEndpoint")
    ]


def test_without_its_components_the_deletion_is_partial() -> None:
    unread = Unread("ListInferenceComponents", "AccessDenied")
    failed = endpoint(status="Failed", inference_components=unread)
    (finding,) = _findings(inventory(endpoints=(failed,)), "ml.sagemaker.endpoint.failed")
    (call,) = finding.change.calls
    assert call.is_partial


@pytest.mark.parametrize(("days", "is_partial"), [(5, True), (-5, False), (None, True)])
def test_a_throughput_is_not_deleted_within_its_commitment(
    days: int | None, is_partial: bool
) -> None:
    end = None if days is None else NOW + timedelta(days=days)
    bought = throughput(commitment="OneMonth", commitment_end=end)
    found = inventory()
    found = measured_account(
        inventory(
            bedrock=type(found.bedrock)(
                models=(),
                provisioned_throughputs=(bought,),
                custom_models=(),
                deployments=(),
                imported_models=(),
            )
        )
    )
    (finding,) = _findings(found, "ml.bedrock.throughput.idle")
    (call,) = finding.change.calls
    assert call.is_partial is is_partial


def test_a_value_that_begins_with_a_dash_is_no_option() -> None:
    line = ApiCall("s3", "AbortMultipartUpload", {"Bucket": "b", "Key": "-x y"}).cli(REGION)
    assert line == "aws s3api abort-multipart-upload --region us-west-2 --bucket b '--key=-x y'"
