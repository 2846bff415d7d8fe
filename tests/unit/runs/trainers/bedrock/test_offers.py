"""A base model that is not on offer, or may not be asked, is refused before anything is spent."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.unit.runs.fake_sagemaker import refusal
from thriftline.core.errors import (
    AccessDeniedError,
    InvalidRunSpecError,
    NoQuotaError,
    ServiceUnavailableError,
)
from thriftline.runs.trainers.bedrock.families import BASE_MODELS, DEFAULT
from thriftline.runs.trainers.bedrock.foundation_models import FoundationModels
from thriftline.runs.trainers.bedrock.offers import Offers
from thriftline.runs.trainers.bedrock.quotas import CustomModelQuotas

NOW = datetime(2026, 11, 29, tzinfo=UTC)
BASE = BASE_MODELS[DEFAULT]
RATE = "(Model customization) Sum of on demand custom model deployment {} per {} for {}"
REQUESTS = RATE.format("requests", "minute", "Amazon Nova Micro")


class FakeModels:
    """GetFoundationModel with one answer, which is counted."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.answer = answer
        self.calls = 0

    def get_foundation_model(self, *, modelIdentifier: str) -> dict[str, Any]:
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"modelDetails": {"modelId": modelIdentifier, "modelArn": "arn", **self.answer}}


class FakeQuotas:
    """Service Quotas with an account's own values and the defaults."""

    def __init__(
        self, own: dict[str, float], defaults: dict[str, float], error: Exception | None = None
    ) -> None:
        self._lists = {
            "list_service_quotas": own,
            "list_aws_default_service_quotas": defaults,
        }
        self._error = error

    def get_paginator(self, operation: str) -> Any:
        values, error = self._lists[operation], self._error

        class Pages:
            def paginate(self, **_: Any) -> list[dict[str, Any]]:
                if error is not None:
                    raise error
                return [{"Quotas": [{"QuotaName": k, "Value": v} for k, v in values.items()]}]

        return Pages()


def nova(**changes: Any) -> dict[str, Any]:
    return {
        "modelName": "Nova Micro",
        "customizationsSupported": ["FINE_TUNING", "DISTILLATION"],
        "modelLifecycle": {"status": "ACTIVE"},
        **changes,
    }


def offers(
    model: dict[str, Any] | Exception,
    own: dict[str, float] | None = None,
    defaults: dict[str, float] | None = None,
    error: Exception | None = None,
) -> Offers:
    models = FoundationModels(cast("Any", FakeModels(model)))
    quotas = CustomModelQuotas(cast("Any", FakeQuotas(own or {}, defaults or {}, error)))
    return Offers(lambda: models, lambda: quotas, "us-east-1")


def test_a_model_on_offer_is_accepted() -> None:
    offers(nova()).require(BASE, "fine_tuning", NOW)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (nova(modelLifecycle={"status": "LEGACY"}), "is LEGACY and not ACTIVE"),
        (
            nova(modelLifecycle={"status": "ACTIVE", "endOfLifeTime": NOW - timedelta(days=1)}),
            "reached its end of life on 2026-11-28",
        ),
        (nova(customizationsSupported=["DISTILLATION"]), "and not for FINE_TUNING"),
        (
            refusal("GetFoundationModel", "ResourceNotFoundException", "No such model.", 404),
            "is not on offer in us-east-1",
        ),
        (
            refusal("GetFoundationModel", "ValidationException", "The provided model identifier"),
            "is not on offer in us-east-1",
        ),
    ],
)
def test_a_model_that_cannot_be_customized_here_is_refused_with_the_reason(
    model: dict[str, Any] | Exception, said: str
) -> None:
    with pytest.raises(InvalidRunSpecError, match=said) as refused:
        offers(model).require(BASE, "fine_tuning", NOW)

    assert "bedrock.base_model" in str(refused.value)
    assert "Nothing was spent" in str(refused.value)


@pytest.mark.parametrize(
    "name", [REQUESTS, "(Model customization) Custom model deployments per account"]
)
def test_a_quota_of_0_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(NoQuotaError, match="Service Quotas"):
        offers(nova(), own={name: 0.0}, defaults={name: 10.0}).require(BASE, "fine_tuning", NOW)


def test_the_accounts_own_quota_stands_before_the_default() -> None:
    found = offers(nova(), own={REQUESTS: 4.0}, defaults={REQUESTS: 400.0})

    assert found.requests_per_minute(BASE) == 4


def test_another_models_quota_is_not_this_ones() -> None:
    others = {
        RATE.format("requests", "minute", "Amazon Nova 2 Lite"): 9.0,
        RATE.format("tokens", "minute", "Amazon Nova Micro"): 300_000.0,
        RATE.format("tokens", "day", "Amazon Nova Micro"): 0.0,
    }

    found = offers(nova(), own=others)

    assert found.requests_per_minute(BASE) is None
    found.require(BASE, "fine_tuning", NOW)


@pytest.mark.parametrize(
    "error",
    [
        refusal("ListServiceQuotas", "AccessDeniedException", "No.", 403),
        EndpointConnectionError(endpoint_url="https://servicequotas"),
    ],
)
def test_quotas_that_cannot_be_read_refuse_nothing(error: Exception) -> None:
    found = offers(nova(), error=error)

    found.require(BASE, "fine_tuning", NOW)
    assert found.requests_per_minute(BASE) is None


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (refusal("GetFoundationModel", "AccessDeniedException", "No.", 403), AccessDeniedError),
        (EndpointConnectionError(endpoint_url="https://bedrock"), ServiceUnavailableError),
    ],
)
def test_a_service_that_cannot_be_asked_is_no_offer(
    error: ClientError | EndpointConnectionError, ours: type[Exception]
) -> None:
    with pytest.raises(ours):
        offers(error).require(BASE, "fine_tuning", NOW)


def test_each_model_is_asked_about_once() -> None:
    client = FakeModels(nova())
    models = FoundationModels(cast("Any", client))

    models.find(BASE.id)
    models.find(BASE.id)

    assert client.calls == 1


def test_a_model_that_cannot_be_evaluated_on_demand_is_refused_without_a_call() -> None:
    haiku = BASE_MODELS["anthropic.claude-3-haiku-20240307-v1:0:200k"]

    with pytest.raises(InvalidRunSpecError, match="provisioned throughput only"):
        offers(AssertionError("Bedrock was asked")).require(haiku, "fine_tuning", NOW)
