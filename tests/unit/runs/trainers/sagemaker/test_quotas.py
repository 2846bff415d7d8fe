"""Quotas by their names: found in pages, by default where nothing is applied, unknown else."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.unit.runs.fake_sagemaker import refusal
from thriftline.core.aws.quota_lists import MOST_SECONDS
from thriftline.core.errors import NoQuotaError
from thriftline.runs.trainers.sagemaker.quotas import QuotaBook, quota_name, quota_refusal

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

SPOT = "ml.g5.xlarge for spot training job usage"
DEMAND = "ml.g5.xlarge for training job usage"


class FakeQuotas:
    """Lists of quotas in pages of two, which may be refused."""

    def __init__(self, applied: dict[str, float], defaults: dict[str, float]) -> None:
        self._lists = {
            "list_service_quotas": applied,
            "list_aws_default_service_quotas": defaults,
        }
        self.refused: dict[str, ClientError] = {}
        self.pages = 0

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            @staticmethod
            def paginate(**_: Any) -> Iterator[dict[str, Any]]:
                return self._pages(operation)

        return Pages

    def _pages(self, operation: str) -> Iterator[dict[str, Any]]:
        if operation in self.refused:
            raise self.refused[operation]
        rows = [
            {"QuotaName": name, "Value": value, "QuotaCode": f"L-{number:08d}"}
            for number, (name, value) in enumerate(self._lists[operation].items())
        ]
        for first in range(0, len(rows), 2):
            self.pages += 1
            yield {"Quotas": rows[first : first + 2]}


OTHERS = {f"quota {number}": 1.0 for number in range(7)}


def limits(fake: FakeQuotas, *names: str) -> dict[str, int]:
    found = QuotaBook(cast("Any", fake), "eu-west-1").limits(names)
    return {name: limit.value for name, limit in found.items()}


def test_quotas_are_found_by_their_names_whatever_their_codes() -> None:
    fake = FakeQuotas({**OTHERS, SPOT: 0.0, DEMAND: 4.0}, {})

    assert limits(fake, SPOT, DEMAND) == {SPOT: 0, DEMAND: 4}


def test_what_has_no_applied_value_has_the_default() -> None:
    assert limits(FakeQuotas({SPOT: 2.0}, {SPOT: 0.0, DEMAND: 1.0}), SPOT, DEMAND) == {
        SPOT: 2,
        DEMAND: 1,
    }


def test_no_page_is_read_once_all_are_found() -> None:
    fake = FakeQuotas({SPOT: 2.0, **OTHERS}, OTHERS)

    limits(fake, SPOT)

    assert fake.pages == 1


@pytest.mark.parametrize(
    "code", ["TooManyRequestsException", "AccessDeniedException", "NoSuchResourceException"]
)
def test_what_cannot_be_read_is_unknown_and_refuses_nothing(code: str) -> None:
    fake = FakeQuotas({SPOT: 0.0}, {DEMAND: 3.0})
    fake.refused["list_service_quotas"] = refusal("ListServiceQuotas", code, "no")

    assert limits(fake, SPOT, DEMAND) == {DEMAND: 3}


def test_the_way_to_ask_for_more_can_be_pasted() -> None:
    (limit,) = (
        QuotaBook(cast("Any", FakeQuotas({SPOT: 0.0}, {})), "eu-west-1").limits([SPOT]).values()
    )

    assert limit.ask(2).strip(" ()") == (
        "aws service-quotas request-service-quota-increase --service-code sagemaker "
        "--quota-code L-00000000 --desired-value 2 --region eu-west-1"
    )


@pytest.mark.parametrize(
    ("said", "instances", "is_final"),
    [
        (f"The account-level service limit '{SPOT}' is 0 Instances, with current", 1, True),
        (f"The account-level service limit '{SPOT}' is 8 Instances, with current", 1, False),
        (f"The account-level service limit '{SPOT}' is 8 Instances, with current", 9, True),
        ("limit is 8 Instances, current utilization 8", 1, False),
        ("limit is 0 Instances, current utilization 0", 1, True),
        ("words that nobody foresaw", 1, False),
    ],
)
def test_a_refusal_is_final_where_the_quota_is_below_what_one_job_needs(
    said: str, instances: int, is_final: bool
) -> None:
    error = refusal("CreateTrainingJob", "ResourceLimitExceeded", said)

    found = quota_refusal(error, instances)

    assert isinstance(found, NoQuotaError) is is_final
    assert quota_refusal(refusal("CreateTrainingJob", "Throttling", said), instances) is None


def test_the_names_are_those_of_service_quotas() -> None:
    assert quota_name("ml.g5.xlarge", spot=True) == SPOT
    assert quota_name("ml.g5.xlarge", spot=False) == DEMAND


def test_lists_are_read_for_so_long_and_what_was_not_found_by_then_is_not_known() -> None:
    passed = [0.0]

    def clock() -> float:
        passed[0] += 4.0
        return passed[0]

    many = {f"quota {number}": 1.0 for number in range(1000)}
    fake = FakeQuotas({SPOT: 2.0, **many, DEMAND: 4.0}, {DEMAND: 0.0})

    found = QuotaBook(cast("Any", fake), "eu-west-1", clock).limits([SPOT, DEMAND])

    assert {name: limit.value for name, limit in found.items()} == {SPOT: 2}
    assert fake.pages < MOST_SECONDS / 4 + 2


def test_a_list_that_cannot_be_read_leaves_the_other_one() -> None:
    fake = FakeQuotas({SPOT: 2.0}, {SPOT: 1.0, DEMAND: 3.0})
    fake.refused["list_service_quotas"] = refusal("ListServiceQuotas", "AccessDenied", "no")

    assert limits(fake, SPOT, DEMAND) == {SPOT: 1, DEMAND: 3}
