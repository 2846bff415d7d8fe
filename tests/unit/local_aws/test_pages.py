from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.http.callers import Caller
from local_aws.http.own_calls import AwsError, Request
from local_aws.services.pages import Listing, page_of

NOW = datetime(2025, 11, 3, tzinfo=UTC)
LISTING = Listing("Endpoints", "EndpointName", "EndpointStatus")


def asked(**parameters: Any) -> Request:
    return Request(Caller("123456789012", "us-west-2"), NOW, parameters)


def rows(ages: list[int]) -> list[dict[str, Any]]:
    return [
        {
            "EndpointName": f"endpoint-{index}",
            "EndpointStatus": ("InService", "Failed")[index % 2],
            "CreationTime": NOW - timedelta(days=age),
        }
        for index, age in enumerate(ages)
    ]


@given(
    ages=st.lists(st.integers(0, 50), max_size=60),
    size=st.integers(1, 20),
    by=st.sampled_from(["Name", "CreationTime", "Status"]),
    order=st.sampled_from(["Ascending", "Descending"]),
)
def test_pages_hold_every_row_once_and_in_order(
    ages: list[int], size: int, by: str, order: str
) -> None:
    found: list[dict[str, Any]] = []
    token = None
    while True:
        request = asked(MaxResults=size, SortBy=by, SortOrder=order, NextToken=token)
        page = LISTING.answer(rows(ages), request)
        found += page["Endpoints"]
        token = page.get("NextToken")
        assert len(page["Endpoints"]) == size or token is None
        if token is None:
            break

    member = {"Name": "EndpointName", "Status": "EndpointStatus"}.get(by, by)
    values = [row[member] for row in found]
    assert sorted(row["EndpointName"] for row in found) == sorted(
        row["EndpointName"] for row in rows(ages)
    )
    assert values == sorted(values, reverse=order == "Descending")


@given(ages=st.lists(st.integers(0, 50), max_size=40), after=st.integers(0, 50))
def test_filters_let_through_what_they_say(ages: list[int], after: int) -> None:
    moment = NOW - timedelta(days=after)

    page = LISTING.answer(
        rows(ages), asked(MaxResults=100, StatusEquals="Failed", CreationTimeAfter=moment)
    )

    assert {row["EndpointName"] for row in page["Endpoints"]} == {
        f"endpoint-{index}" for index, age in enumerate(ages) if index % 2 and age < after
    }


@pytest.mark.parametrize("token", ["nonsense", "!", "LTE=", "é"])
def test_a_token_that_was_not_given_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match="Invalid pagination token"):
        page_of([1, 2, 3], token, 1)
