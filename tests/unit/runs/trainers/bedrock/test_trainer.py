"""What a quote plans, an attempt of its trainer runs by."""

from typing import Any, cast

import pytest

from tests.unit.runs.trainers.bedrock.attempt_world import SETTINGS, AttemptWorld
from tests.unit.runs.trainers.bedrock.test_offers import REQUESTS, FakeModels, FakeQuotas, nova
from tests.unit.runs.trainers.bedrock.works import work
from thriftline.core.errors import InvalidRunSpecError, NoQuotaError
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.bedrock.foundation_models import FoundationModels
from thriftline.runs.trainers.bedrock.offers import Offers
from thriftline.runs.trainers.bedrock.quotas import CustomModelQuotas
from thriftline.runs.trainers.bedrock.services import BedrockServices
from thriftline.runs.trainers.bedrock.trainer import BedrockTrainer
from thriftline.runs.trainers.registry import TRAINERS


def refuse() -> Any:
    raise AssertionError("a quote creates nothing")


def trainer(per_minute: float = 4.0) -> BedrockTrainer:
    world = AttemptWorld()
    models = FoundationModels(cast("Any", FakeModels(nova())))
    quotas = CustomModelQuotas(cast("Any", FakeQuotas({REQUESTS: per_minute}, {})))
    services = BedrockServices(
        refuse, refuse, refuse, world.bucket, world.clock, world.clock.monotonic
    )
    return BedrockTrainer(services, SETTINGS, Offers(lambda: models, lambda: quotas, "us-east-1"))


def films(**section: Any) -> TrainingWork:
    return work(
        section,
        {"train": 60, "validation": 20, "test": 30},
        mean_characters=25.0,
        labels={"pos": 30, "neg": 30},
    )


def test_it_is_registered() -> None:
    assert "bedrock" in TRAINERS


def test_the_rung_of_a_quote_is_what_an_attempt_starts_by() -> None:
    quote = trainer().quote(films(few_shot=False, evaluation_records=10))
    world = AttemptWorld()
    world.rung = quote.rungs[0]
    world.train()
    state = world.poll_to_end()

    assert state.ending is Ending.COMPLETED
    assert len(world.bedrock.asked) == 20
    assert world.document()["requests_per_minute"] == 4
    assert state.billed_usd is not None
    # The worst case, which is what the run holds, is above what was billed.
    assert state.billed_usd <= quote.worst_case_usd


def test_a_quota_of_0_and_an_encoder_are_refused_by_the_quote() -> None:
    with pytest.raises(NoQuotaError):
        trainer(per_minute=0).quote(films())
    with pytest.raises(InvalidRunSpecError, match="encoder"):
        trainer().quote(films(base_model="bert-base-uncased"))


def test_a_month_has_the_storage_of_the_model_when_nobody_asks() -> None:
    month = trainer().month(films(), 0)

    assert str(month.usd) == "1.95"
    # The quota that a router holds against what is needed, and the rows of its table.
    assert month.requests_per_minute == 4
    assert month.rows
