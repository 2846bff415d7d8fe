"""Service Quotas on the embedded AWS: by name and by code, applied and by default, in pages."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import ACCOUNT
from tests.integration.local_aws.aws import Aws

NAME = "ml.g5.xlarge for spot training job usage"


def listed(aws: Aws, operation: str = "list_service_quotas", size: int = 100) -> list[Any]:
    pages = aws.embedded.client("service-quotas").get_paginator(operation)
    found = pages.paginate(ServiceCode="sagemaker", PaginationConfig={"PageSize": size})
    return [quota for page in found for quota in page["Quotas"]]


def test_every_training_type_has_its_quotas_in_pages(aws: Aws) -> None:
    quotas = listed(aws)

    names = [quota["QuotaName"] for quota in quotas]
    assert len(names) == len(set(names)) > 300
    assert {NAME, "ml.g5.xlarge for training job usage"} <= set(names)
    assert len({quota["QuotaCode"] for quota in quotas}) == len(quotas)
    assert listed(aws, size=7) == quotas


def test_a_quota_that_was_never_changed_has_only_a_default(aws: Aws) -> None:
    client = aws.embedded.client("service-quotas")
    store = aws.embedded.services.quotas.at(ACCOUNT, "us-east-1")
    code = next(quota["QuotaCode"] for quota in listed(aws) if quota["QuotaName"] == NAME)

    with pytest.raises(ClientError, match="NoSuchResourceException"):
        client.get_service_quota(ServiceCode="sagemaker", QuotaCode=code)
    default = client.get_aws_default_service_quota(ServiceCode="sagemaker", QuotaCode=code)
    assert default["Quota"]["Value"] == 1000
    store.set(NAME, 2)
    applied = client.get_service_quota(ServiceCode="sagemaker", QuotaCode=code)
    assert applied["Quota"]["Value"] == 2
    values = {quota["QuotaName"]: quota["Value"] for quota in listed(aws)}
    assert values[NAME] == 2
    defaults = listed(aws, "list_aws_default_service_quotas")
    assert {quota["Value"] for quota in defaults} == {1000}


def test_what_does_not_exist_is_refused(aws: Aws) -> None:
    client = aws.embedded.client("service-quotas")
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        client.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-00000000")
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        client.list_service_quotas(ServiceCode="ec2")
    with pytest.raises(ValueError, match="there is no quota called"):
        aws.embedded.services.quotas.at(ACCOUNT, "us-east-1").set("ml.g5 for training", 1)
