"""The table of endpoints in moto: locks that expire, versions in order."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from tests.unit.lost_answers import lose_first_answer
from tests.unit.serving.deployment_world import endpoints_client
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.versions import EndpointState, EndpointVersion, next_number

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
STATE = EndpointState(
    "e", "reviews", "real-time", lock_owner="d-1", lock_until=NOW + timedelta(hours=1)
)
VERSION = EndpointVersion(
    number=1,
    config="e-v1-00000000",
    model_name="reviews-v1-00000000",
    model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/reviews/1",
    registry_version=1,
    image="image@sha256:1",
    artifact_uri="s3://b/model.tar.gz",
    who="somebody",
    when=NOW,
    why="first",
    deployment_id="d-1",
)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[EndpointsTable]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield EndpointsTable(endpoints_client(), "endpoints")


def test_a_lock_keeps_others_out_until_it_is_given_back(table: EndpointsTable) -> None:
    other = replace(STATE, lock_owner="d-2")
    assert table.lock(STATE, NOW)
    assert not table.lock(other, NOW)
    assert table.lock(STATE, NOW), "a retry finds its own lock"
    assert not table.unlock("e", "d-2"), "another's lock stays"
    assert table.unlock("e", "d-1")
    assert table.lock(other, NOW)


def test_a_lock_ends_by_itself(table: EndpointsTable) -> None:
    assert table.lock(STATE, NOW)
    later = NOW + timedelta(hours=1)
    taken = replace(STATE, lock_owner="d-2", lock_until=later + timedelta(hours=1))
    assert not table.lock(taken, later - timedelta(seconds=1))
    assert table.lock(taken, later)
    assert not table.unlock("e", "d-1")


def test_a_lock_leaves_what_else_is_known_of_the_endpoint(table: EndpointsTable) -> None:
    table.update("e", "endpoint", in_use=3, asleep=True)
    table.lock(STATE, NOW)
    found = table.state("e")
    assert found == replace(STATE, in_use=3, asleep=True)
    assert found is not None
    assert found.is_locked_by_another("d-2", NOW)
    assert not found.is_locked_by_another("d-1", NOW)
    assert not found.is_locked_by_another("d-2", NOW + timedelta(hours=1))


def test_versions_are_read_in_the_order_of_their_numbers(table: EndpointsTable) -> None:
    for number in (10, 2, 1):
        assert table.add_version("e", replace(VERSION, number=number))
    assert [one.number for one in table.versions("e")] == [1, 2, 10]
    assert next_number(table.versions("e")) == 11
    assert table.version("e", 2) == replace(VERSION, number=2)
    assert table.version("e", 3) is None


def test_an_entry_of_the_history_is_never_overwritten(table: EndpointsTable) -> None:
    assert table.add_version("e", VERSION)
    assert not table.add_version("e", replace(VERSION, config="another"))
    assert table.version("e", 1) == VERSION


def test_endpoints_are_listed_without_their_other_items(table: EndpointsTable) -> None:
    table.update("a", "endpoint", project="p", kind="serverless")
    table.add_version("a", VERSION)
    table.update("b", "endpoint", project="q", kind="real-time")
    assert sorted(one.endpoint for one in table.endpoints()[0]) == ["a", "b"]


def test_an_item_is_written_once_and_can_go(table: EndpointsTable) -> None:
    assert table.put_first("e", "deployment#d-1", {"status": "running", "usd": "1.50"})
    assert not table.put_first("e", "deployment#d-1", {"status": "other"})
    assert table.get("e", "deployment#d-1") == {
        "endpoint": "e",
        "item": "deployment#d-1",
        "status": "running",
        "usd": "1.50",
    }
    table.delete("e", "deployment#d-1")
    assert table.items("e", "deployment#") == ()


def test_a_page_of_endpoints_goes_on_where_the_last_one_ended(table: EndpointsTable) -> None:
    for name in "cab":
        table.update(name, "endpoint", project="p", kind="real-time", usd_per_hour="0.115")
        table.add_version(name, VERSION)
    first, _, last = table.endpoints_page(2, None)
    assert ([one.endpoint for one in first], last) == (["a", "b"], "b")
    rest, _, last = table.endpoints_page(2, last)
    assert ([one.endpoint for one in rest], last) == (["c"], None)
    assert str(rest[0].usd_per_hour) == "0.115"


def test_items_are_paged_the_newest_first(table: EndpointsTable) -> None:
    for number in range(5):
        table.put_first("e", f"deployment#d-{number}", {"why": str(number)})
    table.put_first("e", "endpoint", {})
    found, last = table.newest_items("e", "deployment#", 3)
    assert [one["why"] for one in found] == ["4", "3", "2"]
    found, last = table.newest_items("e", "deployment#", 3, last)
    assert [one["why"] for one in found] == ["1", "0"]
    assert last is None


def test_versions_of_several_endpoints_come_in_one_call(table: EndpointsTable) -> None:
    table.add_version("a", VERSION)
    table.add_version("b", replace(VERSION, number=2, registry_version=7))
    found, _ = table.versions_of([("a", 1), ("b", 2), ("c", 1)])
    assert {name: one.registry_version for name, one in found.items()} == {"a": 1, "b": 7}
    assert table.versions_of([]) == ({}, {})


def test_an_item_whose_receipt_was_lost_is_ones_own(table: EndpointsTable) -> None:
    client = boto3.client("dynamodb")
    tries = lose_first_answer(client, "PutItem")
    assert EndpointsTable(client, "endpoints").put_first("e", "noted", {"mark": "a", "n": 1})
    assert len(tries) == 2
    assert not table.put_first("e", "noted", {"mark": "b", "n": 1})
