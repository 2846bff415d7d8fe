"""What answers under an id of CloudWatch, and what its tokens cost."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.audit.accounts import (
    ACCOUNT,
    NO_BEDROCK,
    NOW,
    custom_model,
    deployment,
    inventory,
    measured,
    throughput,
)
from tests.unit.audit.rule_findings import finding_of, findings_of
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.bedrock_models import AskedModel, Way, asked_model
from thriftline.audit.domain.bedrock_use import token_price
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.questions import bedrock_metric
from thriftline.audit.domain.resource_kinds import resource_costs
from thriftline.audit.domain.resources.bedrock import (
    Bedrock,
    BedrockModelUse,
    InferenceProfile,
)
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.prices import PriceCatalogue, TokenRates

_EAST = f"arn:aws:bedrock:us-east-1:{ACCOUNT}"
_HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
_NOVA2 = "amazon.nova-2-lite-v1:0"
_PROFILE = f"{_EAST}:application-inference-profile/a1b2c3d4e5f6"


def _plain(model_id: str) -> AskedModel:
    return asked_model(model_id, NO_BEDROCK)


def _priced(model: AskedModel, region: str) -> tuple[str, str] | None:
    price = token_price(model, region, price_catalogue())
    return (str(price.input_usd), str(price.output_usd)) if price else None


@pytest.mark.parametrize(
    ("model_id", "region", "usd"),
    [
        (_NOVA2, "us-east-1", ("0.33", "2.75")),
        (f"us.{_NOVA2}", "us-east-1", ("0.33", "2.75")),
        (f"global.{_NOVA2}", "us-east-1", ("0.3", "2.5")),
        # A global profile costs the same wherever it is called from.
        (f"global.{_NOVA2}", "ap-south-1", ("0.3", "2.5")),
        (f"eu.{_NOVA2}", "eu-west-1", ("0.429", "3.597")),
        (_NOVA2, "eu-west-1", ("0.429", "3.597")),
        (f"jp.{_NOVA2}", "ap-northeast-1", None),
        (_NOVA2, "ap-northeast-1", None),
        (_HAIKU, "us-west-2", ("1.1", "5.5")),
        (f"us.{_HAIKU}", "us-west-2", ("1.1", "5.5")),
        (f"global.{_HAIKU}", "us-west-2", ("1", "5")),
        # Nothing says what the European profile of Haiku costs.
        (f"eu.{_HAIKU}", "eu-west-1", None),
        ("us.amazon.nova-lite-v1:0", "us-east-1", ("0.06", "0.24")),
        ("global.amazon.nova-lite-v1:0", "us-east-1", None),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{_NOVA2}", "us-east-1", ("0.33", "2.75")),
        (f"{_EAST}:inference-profile/us.{_HAIKU}", "us-east-1", ("1.1", "5.5")),
    ],
)
def test_tokens_cost_what_the_scope_of_the_id_costs(
    model_id: str, region: str, usd: tuple[str, str] | None
) -> None:
    assert _priced(_plain(model_id), region) == usd


def _deployed(base: str, **facts: Any) -> tuple[str, Bedrock]:
    tuned = custom_model(arn=f"{_EAST}:custom-model/{base}:128k/aaaabbbbcccc", base_model=base)
    served = deployment(model_arn=tuned.arn, **facts)
    return served.arn, replace(NO_BEDROCK, custom_models=(tuned,), deployments=(served,))


@pytest.mark.parametrize(
    ("base", "region", "usd"),
    [
        ("amazon.nova-micro-v1:0", "us-east-1", ("0.035", "0.14")),
        # A custom Nova 2 Lite costs what the global profile of its base costs, wherever it is.
        (_NOVA2, "us-east-1", ("0.30", "2.50")),
        ("meta.llama3-3-70b-instruct-v1:0", "us-west-2", ("0.72", "0.72")),
        ("meta.llama3-3-70b-instruct-v1:0", "us-east-1", None),
        ("some.other-model-v1:0", "us-east-1", None),
    ],
)
def test_a_deployment_is_resolved_to_model_and_base_before_it_is_priced(
    base: str, region: str, usd: tuple[str, str] | None
) -> None:
    arn, bedrock = _deployed(base)

    model = asked_model(arn, bedrock)

    assert (model.way, model.base) == (Way.DEPLOYMENT, base)
    assert model.custom == bedrock.custom_models[0]
    assert _priced(model, region) == usd


def test_a_deployment_that_no_list_names_has_no_model_and_no_price() -> None:
    arn, bedrock = _deployed("amazon.nova-micro-v1:0")

    for lists in (NO_BEDROCK, replace(bedrock, deployments=())):
        model = asked_model(arn, lists)
        assert (model.base, _priced(model, "us-east-1")) == (None, None)
        assert "not known" in model.words
    # The ARN of the model says its base, also where the list of models was not read.
    assert asked_model(arn, replace(bedrock, custom_models=())).base == "amazon.nova-micro-v1:0"


def test_model_units_have_a_base_and_no_price_for_tokens() -> None:
    bought = throughput(base_model="amazon.nova-micro-v1:0")
    bedrock = replace(NO_BEDROCK, provisioned_throughputs=(bought,))

    model = asked_model(bought.arn, bedrock)

    assert (model.way, model.base) == (Way.UNITS, "amazon.nova-micro-v1:0")
    assert _priced(model, "us-east-1") is None


@pytest.mark.parametrize(
    ("regions", "usd"),
    [
        (("us-east-1",), ("0.33", "2.75")),
        (("us-east-1", "us-west-2"), ("0.33", "2.75")),
        (("us-east-1", ""), ("0.3", "2.5")),
        (("eu-west-1", "eu-central-1"), ("0.429", "3.597")),
    ],
)
def test_an_application_profile_costs_what_it_was_copied_from(
    regions: tuple[str, ...], usd: tuple[str, str]
) -> None:
    arns = tuple(f"arn:aws:bedrock:{one}::foundation-model/{_NOVA2}" for one in regions)
    profile = InferenceProfile(name="team", arn=_PROFILE, model_arns=arns)
    model = asked_model(_PROFILE, replace(NO_BEDROCK, profiles=(profile,)))

    assert model.base == _NOVA2
    assert _priced(model, "us-east-1") == usd


def test_an_application_profile_that_no_list_names_has_no_model() -> None:
    assert _plain(_PROFILE).base is None


def _asked(model_id: str, bedrock: Bedrock, **facts: Any) -> Inventory:
    uses = (BedrockModelUse(model_id=model_id),)
    found = inventory(bedrock=replace(bedrock, models=uses), **facts)
    return measured(
        found,
        {
            bedrock_metric(model_id, "Invocations"): [1000.0] * 30,
            bedrock_metric(model_id, "InputTokenCount"): [2e6] * 30,
            bedrock_metric(model_id, "OutputTokenCount"): [1e5] * 30,
        },
    )


def test_the_tokens_of_a_deployment_are_in_the_bill_and_named_by_model_run_and_project() -> None:
    arn, bedrock = _deployed("amazon.nova-micro-v1:0")
    found = _asked(arn, bedrock, region="us-east-1")

    finding = finding_of(found, "ml.bedrock.tokens.use")
    (cost,) = [
        one
        for one in resource_costs(found, price_catalogue())
        if one.kind is ResourceKind.BEDROCK_MODEL
    ]

    # 60 million tokens in and 3 million out.
    assert cost.usd == Decimal("2.52")
    assert "2.52 USD" in finding.summary
    told = {one.name: one.value for one in finding.evidence.signals_used}
    assert "custom model tuned on amazon.nova-micro-v1:0" in told["Model behind it"]
    assert told["Made by"] == "run run-7 of project letters"
    # An application profile cannot be copied from a deployment.
    assert finding.change.calls == ()


def test_a_tuned_model_is_not_to_be_replaced_by_a_cheaper_one_that_is_not() -> None:
    arn, bedrock = _deployed(_NOVA2)

    assert findings_of(_asked(arn, bedrock, region="us-east-1"), _CHEAPER) == []


def test_an_application_profile_of_unknown_model_is_in_no_command() -> None:
    found = _asked(_PROFILE, NO_BEDROCK, region="us-east-1")

    finding = finding_of(found, "ml.bedrock.tokens.use")

    assert "an unknown amount" in finding.summary
    assert any("model is not known" in one for one in finding.evidence.signals_missing)
    assert findings_of(found, _CHEAPER) == []


_CHEAPER = "ml.bedrock.tokens.cheaper-model"
_SONNET = "anthropic.claude-3-5-sonnet-20240620-v1:0"


def test_a_cheaper_model_is_compared_with_the_id_that_is_called() -> None:
    finding = finding_of(_asked(f"us.{_HAIKU}", NO_BEDROCK, region="us-east-1"), _CHEAPER)

    (call,) = finding.change.calls
    models = [one["bedrockModel"]["modelIdentifier"] for one in _models(call.parameters)]
    assert models == [f"us.{_HAIKU}", "amazon.nova-micro-v1:0"]


def _models(parameters: Any) -> Any:
    return parameters["inferenceConfig"]["models"]


def _priced_only(*names: str) -> PriceCatalogue:
    """Returns the catalogue with the prices of a few models."""
    prices = price_catalogue()
    first = prices.tokens.lists[0]
    usd = {region: {name: models[name] for name in names} for region, models in first.usd.items()}
    return replace(prices, tokens=TokenRates((replace(first, usd=usd),)))


def _candidates(found: Inventory, prices: PriceCatalogue) -> tuple[str, ...]:
    told = audit(found, prices, AuditParameters(), {_CHEAPER})
    return tuple(one.summary for one in told.findings)


@pytest.mark.parametrize(
    ("now", "candidate"),
    [
        (datetime(2026, 9, 9, 12, tzinfo=NOW.tzinfo), "anthropic.claude-3-haiku-20240307-v1:0"),
        (datetime(2026, 9, 10, 12, tzinfo=NOW.tzinfo), None),
    ],
)
def test_a_retired_model_is_a_candidate_until_its_last_day(
    now: datetime, candidate: str | None
) -> None:
    few = _priced_only(_SONNET, "anthropic.claude-3-haiku-20240307-v1:0")
    found = _asked(_SONNET, NO_BEDROCK, region="us-east-1")

    told = _candidates(replace(found, now=now), few)

    assert len(told) == (candidate is not None)
    assert all(candidate is not None and candidate in one for one in told)


def test_a_profile_that_routes_further_is_no_candidate() -> None:
    few = _priced_only(_SONNET, f"global.{_HAIKU}")
    near = _asked(f"us.{_SONNET}", NO_BEDROCK, region="us-east-1")
    everywhere = _asked(f"global.{_SONNET}", NO_BEDROCK, region="us-east-1")

    assert _candidates(near, few) == ()
    # Its own price is unknown, so nothing is cheaper for sure.
    assert _candidates(everywhere, few) == ()
