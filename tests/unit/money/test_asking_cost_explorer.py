"""Cost Explorer bills each request, so that one which fails is not made again at once."""

from collections.abc import Iterator
from datetime import date

import pytest

from tests.unit.api.api_world import ENVIRONMENT, forget
from tests.unit.api.failing_aws import failing_aws
from thriftline.core.errors import ServiceUnavailableError
from thriftline.wiring import ledger as money


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of a Cost Explorer that fails."""
    with failing_aws() as (address, tries):
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("ACCOUNT_ID", "123456789012")
        monkeypatch.setenv("AWS_ENDPOINT_URL_COST_EXPLORER", address)
        forget()
        money.costs.cache_clear()
        yield tries
    forget()
    money.costs.cache_clear()


def test_a_month_is_asked_for_once(requests: list[str]) -> None:
    with pytest.raises(ServiceUnavailableError, match="asking Cost Explorer"):
        money.costs().billed(date(2026, 11, 1), date(2026, 11, 21))
    assert len(requests) == 1
