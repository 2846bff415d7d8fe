"""Model units by the hour: only with an end and a budget, made once, and never from nowhere."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator

from tests.unit.runs.trainers.bedrock.attempt_world import JOB, RUN_ID, SETTINGS, AttemptWorld, rung
from tests.unit.runs.trainers.bedrock.test_customization_request import is_valid
from tests.unit.runs.trainers.bedrock.works import SOURCES, work
from thriftline.core.aws.schedules import OneTimeSchedules
from thriftline.core.errors import (
    BudgetExceededError,
    InvalidRunSpecError,
    ThriftlineError,
    UnpricedInstanceError,
)
from thriftline.core.tags import DEADLINE_TAG
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockSources
from thriftline.runs.trainers.bedrock.quoting import quote
from thriftline.runs.trainers.bedrock.throughputs import Throughputs
from thriftline.runs.trainers.bedrock.trainer import BedrockTrainer

NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
AT_NOON: BedrockSources = replace(SOURCES, now=NOON)


def named(hours: int = 10, max_usd: int = 1_000, units: int = 1) -> dict[str, Any]:
    until = NOON + timedelta(hours=hours)
    return {"units": units, "until": until, "max_usd": Decimal(max_usd)}


def asked(provisioned: dict[str, Any] | None, model: str = NOVA_2) -> TrainingWork:
    return work({"base_model": model, "provisioned": provisioned})


def test_the_hours_until_its_end_are_held_with_the_run() -> None:
    without, units = (
        quote(asked(None), AT_NOON),
        quote(asked(named(units=2, max_usd=2_000)), AT_NOON),
    )
    # Ten hours, the sweep's hour and the one that has begun, at 60.50 USD for each of two units.
    assert units.worst_case_usd - without.worst_case_usd == Decimal("1452.00")
    assert any("2 model units cost money by the hour" in one for one in units.warnings)
    terms = json.loads(json.dumps(units.rungs[0].terms))
    assert terms["provisioned"] == {
        "units": 2,
        "until": "2026-11-29T22:00:00+00:00",
        "usd": "1452.00",
        "usd_per_unit_hour": "60.50",
    }
    assert without.rungs[0].terms["provisioned"] is None


@pytest.mark.parametrize(
    ("work", "error", "sentence"),
    [
        (asked(named(hours=0)), InvalidRunSpecError, "bedrock.provisioned.until: .* is over"),
        (asked(named(max_usd=700)), BudgetExceededError, "1 x 12 hours at 60.50 USD .* 726.00 USD"),
        (
            asked(named(), "amazon.nova-micro-v1:0:128k"),
            UnpricedInstanceError,
            "no row for a model unit of amazon.nova-micro",
        ),
    ],
)
def test_what_is_over_too_expensive_or_unpriced_is_refused(
    work: TrainingWork, error: type[ThriftlineError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence) as raised:
        quote(work, AT_NOON)
    assert "Nothing was spent" in str(raised.value)


class FakeUnits:
    """Notes what is asked for."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []
        self.refused = False
        self.schedules: list[dict[str, Any]] = []

    def create_schedule(self, **request: Any) -> None:
        model = get_session().get_service_model("scheduler").operation_model("CreateSchedule")
        shape: Any = model.input_shape
        assert ParamValidator().validate(request, shape).generate_report() == ""
        if any(one["Name"] == request["Name"] for one in self.schedules):
            raise ClientError({"Error": {"Code": "ConflictException", "Message": "it is"}}, "C")
        self.schedules.append(request)

    def create_provisioned_model_throughput(self, **request: Any) -> dict[str, str]:
        if self.refused:
            code = "ServiceQuotaExceededException"
            raise ClientError({"Error": {"Code": code, "Message": "0 model units."}}, "Create")
        assert is_valid("CreateProvisionedModelThroughput", request)
        self.made.append(request)
        return {"provisionedModelArn": "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/x"}


def completed(until: datetime) -> tuple[BedrockTrainer, FakeUnits]:
    """An attempt that has completed, and names a unit until a time."""
    world, units = AttemptWorld(), FakeUnits()
    terms = {
        **world.rung.terms,
        "provisioned": {"units": 1, "until": until.isoformat(), "usd_per_unit_hour": "60.50"},
    }
    world.rung = replace(world.rung, terms=terms)
    world.train()
    world.poll_to_end()
    services = replace(
        world.new_trainer()._services,
        throughputs=lambda: Throughputs(cast("Any", units)),
        schedules=lambda: OneTimeSchedules(cast("Any", units), "arn:sweep", "arn:role"),
    )
    return BedrockTrainer(services, SETTINGS, cast("Any", None)), units


def test_an_approved_model_gets_them_once_with_the_tag_that_ends_them() -> None:
    until = datetime(2027, 1, 1, tzinfo=UTC)
    trainer, units = completed(until)
    trainer.provide(JOB, RUN_ID)
    trainer.provide(JOB, RUN_ID)
    (made,) = units.made
    assert made["modelUnits"] == 1
    assert made["provisionedModelName"] == f"{JOB}-units"
    assert "commitmentDuration" not in made
    tags = {tag["key"]: tag["value"] for tag in made["tags"]}
    assert tags[DEADLINE_TAG] == until.isoformat()


def test_a_schedule_of_their_own_ends_them_also_when_the_run_is_dead() -> None:
    trainer, units = completed(datetime(2027, 1, 1, 12, 30, tzinfo=UTC))
    trainer.provide(JOB, RUN_ID)
    trainer.provide(JOB, RUN_ID)
    (schedule,) = units.schedules
    assert schedule["ScheduleExpression"] == "at(2027-01-01T12:30:00)"
    assert schedule["Target"] == {"Arn": "arn:sweep", "RoleArn": "arn:role", "Input": "{}"}
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert re.fullmatch(r"throughput-[0-9a-f]{32}", schedule["Name"])


def test_nothing_is_made_after_their_end() -> None:
    trainer, units = completed(datetime(2020, 1, 1, tzinfo=UTC))
    trainer.provide(JOB, RUN_ID)
    assert units.made == []


def test_all_hours_until_their_end_are_on_the_runs_bill() -> None:
    trainer, units = completed(datetime(2027, 1, 1, tzinfo=UTC))
    before = bill_of(trainer)
    trainer.provide(JOB, RUN_ID)
    assert units.made
    state = trainer.look(JOB, RUN_ID, rung())
    assert state is not None
    charge = state.charges[-1]
    assert charge.what == "provisioned throughput until 2027-01-01 00:00 UTC, at most"
    assert (charge.units, charge.rate_unit) == (1, "unit-hour")
    assert charge.usd == charge.seconds // 3_600 * Decimal("60.50")
    assert bill_of(trainer) == before + charge.usd


def test_an_account_without_units_fails_no_run_and_owes_nothing() -> None:
    trainer, units = completed(datetime(2027, 1, 1, tzinfo=UTC))
    before = bill_of(trainer)
    units.refused = True
    trainer.provide(JOB, RUN_ID)
    state = trainer.look(JOB, RUN_ID, rung())
    assert state is not None
    assert "0 model units" in str(state.facts["throughput_trouble"])
    assert bill_of(trainer) == before


def test_a_version_that_is_promoted_later_gets_none() -> None:
    trainer, units = completed(datetime(2027, 1, 1, tzinfo=UTC))
    trainer.promote(JOB, RUN_ID, "films")
    assert units.made == []


def bill_of(trainer: BedrockTrainer) -> Decimal:
    state = trainer.look(JOB, RUN_ID, rung())
    assert state is not None
    assert state.billed_usd is not None
    return state.billed_usd
