"""What ends the loading of accounts, and the clock that it sets."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_aws.accounts.file import AccountFileError
from local_aws.server import EmbeddedAws, Options
from tests.integration.local_aws.conftest import FIXTURE, options_of
from tests.integration.local_aws.sample_account import ACCOUNT, NOW, REGION, close_to, small

OTHER = "700000000000"


def test_two_accounts_cannot_have_one_bucket() -> None:
    first = small(ACCOUNT, REGION, buckets=[{"name": "shared-name"}])
    second = small(OTHER, REGION, buckets=[{"name": "shared-name"}])

    with (
        pytest.raises(AccountFileError, match=f"shared-name belongs to account {ACCOUNT}"),
        EmbeddedAws(options_of(first, second)),
    ):
        pass


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (("sagmaker", "ListEndpoints"), "did you mean sagemaker"),
        (("sagemaker", "ListEndpoint"), "did you mean ListEndpoints"),
        (("sagemaker", "list_endpoint"), "has no list_endpoint"),
    ],
)
def test_an_injected_error_of_a_call_that_aws_does_not_have_is_refused(
    error: tuple[str, str], message: str
) -> None:
    wrong = {"service": error[0], "operation": error[1], "error": "AccessDenied"}

    with (
        pytest.raises(AccountFileError, match=rf"api_errors\[0\].*{message}"),
        EmbeddedAws(options_of(small(ACCOUNT, REGION, api_errors=[wrong]))),
    ):
        pass


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"id": "a"}, r"lifecycle_rules\[0\]: id is no field of a rule"),
        ({"Status": "Enabled"}, "needs either Filter or Prefix"),
    ],
)
def test_a_lifecycle_rule_that_s3_does_not_have_is_refused(
    rule: dict[str, Any], message: str
) -> None:
    bucket = {"name": "some-bucket", "lifecycle_rules": [rule]}

    with (
        pytest.raises(AccountFileError, match=f"the bucket some-bucket: .*{message}"),
        EmbeddedAws(options_of(small(ACCOUNT, REGION, buckets=[bucket]))),
    ):
        pass


def test_the_clock_runs_on_and_can_be_moved_forward_only() -> None:
    with EmbeddedAws(options_of(small(ACCOUNT, REGION))) as aws:
        first = aws.clock.now()
        aws.clock.advance(timedelta(days=3))
        second = aws.clock.now()
        with pytest.raises(ValueError, match="forward only"):
            aws.clock.advance(timedelta(days=-1))

    assert close_to(first, NOW)
    assert second - first >= timedelta(days=3)


def test_without_an_account_the_time_is_that_of_this_machine() -> None:
    with EmbeddedAws(Options(template=FIXTURE, stack_name="fixture")) as aws:
        assert close_to(aws.clock.now(), datetime.now(UTC))
