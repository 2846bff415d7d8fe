"""Provisioned throughput of custom models: made once, with the tag by which it is deleted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from thriftline.core.aws.clients import translated
from thriftline.runs.trainers.bedrock.customization_request import tags_of
from thriftline.runs.trainers.bedrock.patterns import check

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

OPERATION = "CreateProvisionedModelThroughput"


class Throughputs:
    """The provisioned throughputs of one account and region."""

    def __init__(self, client: "BedrockClient") -> None:
        self._client = client

    def create(
        self, name: str, model_arn: str, units: int, tags: Mapping[str, str], token: str
    ) -> str:
        """Asks for units without a commitment, and returns their ARN.

        Raises:
            QuotaExceededError: the account may have no more units; it has none until it asks AWS.
        """
        request: dict[str, Any] = {
            "clientRequestToken": token,
            "modelUnits": units,
            "provisionedModelName": name,
            "modelId": model_arn,
            "tags": tags_of(tags),
        }
        check(OPERATION, request)
        with translated(f"making provisioned throughput {name}"):
            return self._client.create_provisioned_model_throughput(**request)[
                "provisionedModelArn"
            ]
