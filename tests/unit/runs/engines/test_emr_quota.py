"""The account's quota of EMR Serverless."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.unit.runs.engines.fake_emr import broken
from thriftline.runs.engines.emr_serverless.quota import vcpu_quota


class FakeQuotas:
    """Service Quotas with one answer for each of its calls."""

    def __init__(self, own: Any, default: Any) -> None:
        self.own, self.default = own, default

    def get_service_quota(self, **arguments: Any) -> Any:
        assert arguments == {"ServiceCode": "emr-serverless", "QuotaCode": "L-D05C8A75"}
        return self._answer(self.own)

    def get_aws_default_service_quota(self, **arguments: Any) -> Any:
        return self._answer(self.default)

    def _answer(self, value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return {"Quota": {} if value is None else {"Value": value}}


NO_OWN = broken("NoSuchResourceException", 400)


@pytest.mark.parametrize(
    ("own", "default", "known"),
    [
        (64.0, 16.0, 64),
        (NO_OWN, 16.0, 16),
        (None, 16.0, 16),
        (broken("AccessDeniedException"), broken("AccessDeniedException"), None),
        (ReadTimeoutError(endpoint_url="x"), AssertionError("waited for twice"), None),
        (0.0, 16.0, 0),
    ],
)
def test_the_quota_is_the_accounts_own_or_the_default_or_unknown(
    own: Any, default: Any, known: int | None
) -> None:
    assert vcpu_quota(FakeQuotas(own, default)) == known
