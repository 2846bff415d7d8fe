"""A preparation from its plan to its settlement, with an engine that ends as the test says."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.runs.engine_fixture import BILLED_USD, WORST_USD, write_prepared
from tests.unit.runs.preparation_world import MONTH, PreparationWorld, preparation_world
from tests.unit.runs.run_world import NOW, PROJECT, RUN_ID
from thriftline.core.errors import (
    AllowanceSpentError,
    AwsRequestError,
    BudgetExceededError,
    CapacityError,
    DatasetChangedError,
    DatasetRejectedError,
    InvalidRunSpecError,
    LadderExhaustedError,
    OutOfRunTimeError,
    OutOfWaitTimeError,
    QuotaExceededError,
    ServiceUnavailableError,
    ThriftlineError,
    TrainingFailedError,
    TrainingInternalError,
    TrainingStoppedError,
    UnpricedInstanceError,
)
from thriftline.money.ledger import Budgets, reserve
from thriftline.money.month import Hold
from thriftline.runs.domain.approvals import ApprovalPolicy
from thriftline.runs.domain.endings import Ending
from thriftline.runs.schemas.preparation_plan import PreparationPlan
from thriftline.runs.schemas.run import DatasetFile

EMR = {"prepare": {"engine": "emr_serverless"}}


@pytest.fixture
def world() -> Iterator[PreparationWorld]:
    with preparation_world() as made:
        made.rewrite(**EMR)
        yield made


def read_plan(world: PreparationWorld) -> PreparationPlan:
    body = world.run.artifacts.read(f"runs/{RUN_ID}/preparation_plan.json")
    return PreparationPlan.model_validate_json(body or b"")


# ---- The plan and its dollars


def test_the_plan_holds_the_cap_of_the_whole_run_before_anything_starts(
    world: PreparationWorld,
) -> None:
    answer = world.plan()
    assert (answer.engine, answer.worst_case_usd) == ("emr_serverless", WORST_USD)
    assert answer.held_usd == world.held_usd == Decimal("10.00")
    assert (world.run.runs.get(RUN_ID) or {})["worst_case_usd"] == "10.000000"
    assert world.engine.started == {}
    assert world.engine.asked[0].max_vcpus == 16
    assert read_plan(world).terms == {"vcpus": 16}


def test_a_plan_that_is_made_again_holds_nothing_more(world: PreparationWorld) -> None:
    world.plan()
    world.pass_time(days=9.5)
    world.plan()
    assert world.held_usd == Decimal("10.00")
    assert len(world.engine.asked) == 1


def test_the_run_holds_what_the_month_has_left_where_that_is_less(world: PreparationWorld) -> None:
    world.budgets = Budgets(Decimal(6), {})
    other = Hold("other-0123456789abcdef", "other", Decimal("2.5"), NOW)
    reserve(world.run.ledger, MONTH, other, world.budgets)
    assert world.plan().held_usd == Decimal("3.50")


@pytest.mark.parametrize(
    ("spec", "month", "said"),
    [
        ({"budget": {"max_usd": 1}}, 100, "the cap budget.max_usd leaves 1.00 USD"),
        ({"prepare": {"max_usd": 0.5}}, 100, "prepare.max_usd leaves 0.50 USD"),
        ({}, 1, "the budget of 2026-11 leaves 1.00 USD"),
        ({}, 0, "the budget of 2026-11 leaves 0.00 USD"),
    ],
)
def test_a_worst_case_over_a_limit_is_refused_and_holds_nothing(
    world: PreparationWorld, spec: dict[str, dict[str, float]], month: int, said: str
) -> None:
    prepare = {"engine": "emr_serverless", **spec.get("prepare", {})}
    world.rewrite(**{**spec, "prepare": prepare})
    world.budgets = Budgets(Decimal(month), {})
    with pytest.raises(BudgetExceededError, match=said):
        world.plan()
    assert world.held_usd == 0
    assert world.end().settled_usd == 0


def test_a_preparation_above_the_threshold_is_asked_for_with_the_attempt_that_may_follow(
    world: PreparationWorld,
) -> None:
    assert not world.plan().needs_approval
    world.run.artifacts.delete(f"runs/{RUN_ID}/preparation_plan.json")
    world.approval = ApprovalPolicy(Decimal("1.00"), timedelta(hours=1))
    answer = world.plan()
    assert (answer.needs_approval, answer.approval_wait_seconds) == (True, 4500)
    assert (answer.month, answer.left_usd) == (MONTH, Decimal("90.00"))
    assert world.held_usd == Decimal("10.00")
    assert read_plan(world).most_usd == 2 * WORST_USD
    world.engine.endings = {1: Ending.COMPLETED}
    world.start()
    world.poll()
    preparation = world.document().preparation
    assert preparation is not None
    assert preparation.approved_usd == 2 * WORST_USD


def test_without_a_yes_no_second_attempt_takes_a_preparation_above_the_threshold(
    world: PreparationWorld,
) -> None:
    world.approval = ApprovalPolicy(WORST_USD, timedelta(hours=1))
    assert not world.plan().needs_approval
    world.start()
    world.engine.endings = {1: Ending.INTERRUPTED}
    with pytest.raises(CapacityError):
        world.poll()
    with pytest.raises(AllowanceSpentError, match=r"1\.20 USD are left .*ApprovalAboveUsd"):
        world.start(2)


def test_an_engine_that_cannot_says_why(world: PreparationWorld) -> None:
    world.engine.cannot = "the stack has no application"
    with pytest.raises(InvalidRunSpecError, match=r"the stack has no application\. Nothing was"):
        world.plan()


def test_an_engine_without_a_price_is_refused(world: PreparationWorld) -> None:
    world.engine.worst_usd = None
    with pytest.raises(UnpricedInstanceError, match="not known"):
        world.plan()


def test_an_engine_that_is_not_registered_is_named(world: PreparationWorld) -> None:
    world.rewrite(prepare={"engine": "databricks"})
    with pytest.raises(InvalidRunSpecError, match="no engine is called databricks"):
        world.plan()


# ---- An attempt


def test_the_program_and_its_configuration_lie_in_the_scratch_of_the_run(
    world: PreparationWorld,
) -> None:
    world.plan()
    world.start()
    read = world.run.artifacts.read
    assert read(f"scratch/{RUN_ID}/preparation/prepare.py") == b"print()\n"
    config = json.loads(read(f"scratch/{RUN_ID}/preparation/config-01.json") or b"")
    assert config["sources"] == [f"s3://data/datasets/{PROJECT}/raw.csv"]
    assert config["output"] == f"s3://artifacts/scratch/{RUN_ID}/prepared/attempt-01/"
    assert config["labels"] == {"map": {}, "unmapped": "keep"}


def test_what_an_hour_costs_is_known_while_it_runs(world: PreparationWorld) -> None:
    world.plan()
    world.start()
    assert (world.run.runs.get(RUN_ID) or {})["rate_usd_per_hour"] == "1.150000"


def test_a_start_that_is_repeated_is_the_same_attempt(world: PreparationWorld) -> None:
    world.plan()
    world.start()
    world.pass_time(seconds=40)
    world.start()
    assert list(world.engine.started) == [f"{RUN_ID}-prep01"]
    assert world.attempts[0]["asked_at"] == NOW.isoformat()


def test_a_good_end_makes_what_was_written_the_data_set(world: PreparationWorld) -> None:
    world.plan()
    world.start()
    answer = world.poll()
    assert (answer.done, answer.wait_seconds) == (False, 15)
    world.pass_time(minutes=30)
    assert world.poll().wait_seconds == 90
    world.engine.endings = {1: Ending.COMPLETED}
    assert world.poll().done
    run = world.document()
    assert [file.split for file in run.files] == ["train", "validation", "test"]
    assert run.files[0].name == "train-part-00000.snappy.parquet"
    assert len({file.name for file in run.files}) == 3
    assert [file.name for file in run.raw_files] == ["raw.csv"]
    assert run.preparation is not None
    assert run.preparation.left_usd == Decimal(10) - BILLED_USD
    kept = {one.key for one in world.run.artifacts.list(f"runs/{RUN_ID}/prep")}
    assert f"runs/{RUN_ID}/preparation.html" in kept
    assert world.poll().done, "a look that is repeated says the same"


def test_documents_that_spark_wrote_as_folders_are_read_too(world: PreparationWorld) -> None:
    world.plan()
    world.start()
    prefix = f"scratch/{RUN_ID}/prepared/attempt-01/"
    world.engine.endings = {1: Ending.COMPLETED}
    world.poll()
    body = world.run.artifacts.read(f"{prefix}manifest.json") or b""
    world.run.artifacts.delete(f"{prefix}manifest.json")
    world.run.artifacts.write(f"{prefix}manifest.json/part-00000.txt", body, "text/plain")
    world.run.artifacts.write(f"{prefix}manifest.json/_SUCCESS", b"", "text/plain")
    assert world.poll().done


def test_a_bill_that_comes_minutes_later_is_waited_for_then_counted_at_its_worst(
    world: PreparationWorld,
) -> None:
    world.engine.billed_usd = None
    world.engine.endings = {1: Ending.COMPLETED}
    world.plan()
    world.start()
    assert not world.poll().done
    world.pass_time(minutes=6)
    assert world.poll().done
    run = world.document()
    assert run.preparation is not None
    assert run.preparation.charged_usd == WORST_USD


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (Ending.CAPACITY, CapacityError),
        (Ending.INTERRUPTED, CapacityError),
        (Ending.INTERNAL_ERROR, TrainingInternalError),
        (Ending.USER_ERROR, DatasetRejectedError),
        (Ending.UNKNOWN_FAILURE, TrainingFailedError),
        (Ending.STOPPED, TrainingStoppedError),
        (Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT, OutOfRunTimeError),
        (Ending.QUOTA, QuotaExceededError),
    ],
)
def test_every_other_ending_has_its_error_and_is_settled(
    world: PreparationWorld, ending: Ending, kind: type[ThriftlineError]
) -> None:
    world.plan()
    world.start()
    world.engine.endings = {1: ending}
    with pytest.raises(kind, match=r"cost 0\.3000 USD"):
        world.poll()
    assert world.attempts[0]["ending"] == ending.value
    assert world.end().settled_usd == BILLED_USD
    assert (world.held_usd, world.settled_usd) == (Decimal(0), BILLED_USD)


def test_a_time_out_says_what_gives_it_more(world: PreparationWorld) -> None:
    world.plan()
    world.start()
    world.engine.endings = {1: Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT}
    with pytest.raises(OutOfRunTimeError, match=r"Raise prepare\.max_minutes"):
        world.poll()


def test_another_attempt_has_a_name_and_a_place_of_its_own_while_dollars_are_left(
    world: PreparationWorld,
) -> None:
    world.plan()
    world.start()
    world.engine.endings = {1: Ending.INTERRUPTED, 2: Ending.COMPLETED}
    with pytest.raises(CapacityError):
        world.poll()
    world.start(2)
    assert world.poll(2).done
    run = world.document()
    assert run.files[0].key.startswith(f"scratch/{RUN_ID}/prepared/attempt-02/")
    assert run.preparation is not None
    assert run.preparation.charged_usd == 2 * BILLED_USD


def test_an_attempt_that_the_dollars_no_longer_cover_is_not_made(world: PreparationWorld) -> None:
    world.rewrite(prepare={"engine": "emr_serverless", "max_usd": 1.3})
    world.plan()
    world.start()
    world.engine.endings = {1: Ending.INTERRUPTED}
    with pytest.raises(CapacityError):
        world.poll()
    with pytest.raises(AllowanceSpentError, match=r"may cost 1\.20 USD and 1\.00 USD of the 1\.3"):
        world.start(2)
    assert len(world.engine.started) == 1


def test_a_third_attempt_is_one_too_many(world: PreparationWorld) -> None:
    world.plan()
    world.engine.endings = {1: Ending.CAPACITY, 2: Ending.CAPACITY}
    for attempt in (1, 2):
        world.start(attempt)
        with pytest.raises(CapacityError):
            world.poll(attempt)
    with pytest.raises(LadderExhaustedError, match="2 attempts"):
        world.start(3)


def test_a_quota_in_use_is_waited_for_and_then_given_up(world: PreparationWorld) -> None:
    world.plan()
    world.engine.fails = {"start": QuotaExceededError("16 vCPUs are in use")}
    answer = world.start()
    assert (answer.wait_seconds, answer.reason) == (300, "16 vCPUs are in use")
    world.pass_time(hours=7)
    with pytest.raises(QuotaExceededError):
        world.start()
    world.engine.fails = {}
    assert world.end().settled_usd == 0
    assert world.held_usd == 0


def test_an_attempt_that_takes_too_long_is_stopped_whatever_its_service_says(
    world: PreparationWorld,
) -> None:
    world.plan()
    world.start()
    world.pass_time(minutes=74)
    world.poll()
    assert world.engine.stopped == []
    world.pass_time(minutes=2)
    world.poll()
    assert world.engine.stopped == [f"{RUN_ID}-prep01"]
    with pytest.raises(OutOfRunTimeError, match="after 60 minutes, so the run stopped it"):
        world.poll()
    world.end()
    assert world.attempts[0]["ending"] == "out_of_run_time_without_checkpoint"


def test_an_attempt_that_waits_too_long_in_a_queue_gives_its_place_to_another(
    world: PreparationWorld,
) -> None:
    world.plan()
    world.engine.begins = False
    world.start()
    world.pass_time(minutes=76)
    world.poll()
    with pytest.raises(OutOfWaitTimeError, match="not started 60 minutes after"):
        world.poll()


def test_the_hours_that_a_run_waits_for_a_quota_are_not_those_of_its_attempt(
    world: PreparationWorld,
) -> None:
    world.plan()
    world.engine.fails = {"start": QuotaExceededError("16 vCPUs are in use")}
    world.start()
    world.pass_time(hours=3)
    world.engine.fails, world.engine.begins = {}, False
    world.start()
    world.pass_time(minutes=1)
    world.poll()
    assert world.engine.stopped == []


# ---- What it left


def test_an_end_without_a_manifest_is_no_good_end(world: PreparationWorld) -> None:
    world.plan()
    world.start()
    world.engine.endings = {1: Ending.COMPLETED}
    world.poll()
    world.run.artifacts.delete(f"scratch/{RUN_ID}/prepared/attempt-01/manifest.json")
    with pytest.raises(TrainingFailedError, match="left no manifest"):
        world.poll()


@pytest.mark.parametrize(
    ("files", "error", "said"),
    [
        ([], DatasetRejectedError, "no row is left to train on"),
        (
            [{"split": "train", "path": "train/a.parquet", "rows": 2, "bytes": 4}],
            TrainingFailedError,
            "it is not there",
        ),
        (
            [{"split": "train", "path": "train/part-0.parquet", "rows": 2, "bytes": 5}],
            TrainingFailedError,
            "5 bytes; it has 4",
        ),
        ([{"split": "other", "path": "a", "rows": 2, "bytes": 5}], TrainingFailedError, "be read"),
    ],
)
def test_a_manifest_that_does_not_hold_is_refused(
    world: PreparationWorld, files: list[dict[str, object]], error: type[Exception], said: str
) -> None:
    world.plan()
    world.start()
    world.engine.endings = {1: Ending.COMPLETED}
    world.poll()
    write_prepared(
        world.run.artifacts,
        f"s3://artifacts/scratch/{RUN_ID}/prepared/attempt-01/",
        shards={"train/part-0.parquet": b"PAR1"},
        manifest={"schema_version": "1.0", "files": files},
    )
    with pytest.raises(error, match=said):
        world.poll()


def test_raw_data_that_was_changed_meanwhile_is_nobodys_data_set(world: PreparationWorld) -> None:
    world.plan()
    world.start()
    world.run.s3.put_object(Bucket="data", Key=f"datasets/{PROJECT}/raw.csv", Body=b"new\n")
    world.engine.endings = {1: Ending.COMPLETED}
    with pytest.raises(DatasetChangedError, match=r"raw\.csv was changed"):
        world.poll()
    assert world.document().files == ()


def test_a_file_that_comes_into_a_folder_meanwhile_is_nobodys_data_set(
    world: PreparationWorld,
) -> None:
    bucket, prefix = "data", "raw/reviews/"
    put = world.run.s3.put_object(Bucket=bucket, Key=f"{prefix}a.csv", Body=b"text,label\na,b\n")
    raw = DatasetFile(bucket=bucket, key=f"{prefix}a.csv", version_id=put["VersionId"], size=15)
    world.rewrite(prepare={"source": [f"s3://{bucket}/{prefix}"], "engine": "emr_serverless"})
    opened = world.document().model_copy(update={"raw_files": (raw,)})
    world.run.put(f"runs/{RUN_ID}/run.json", opened.model_dump_json())
    world.plan()
    world.start()
    world.run.s3.put_object(Bucket=bucket, Key=f"{prefix}b.csv", Body=b"text,label\nc,d\n")
    world.engine.endings = {1: Ending.COMPLETED}
    with pytest.raises(DatasetChangedError, match=r"b\.csv was added"):
        world.poll()


def test_a_file_that_comes_beside_named_ones_meanwhile_is_not_read(
    world: PreparationWorld,
) -> None:
    world.plan()
    world.start()
    world.run.s3.put_object(Bucket="data", Key=f"datasets/{PROJECT}/b.csv", Body=b"a,b\n")
    world.engine.endings = {1: Ending.COMPLETED}
    assert world.poll().done


# ---- Whatever happens, nothing goes on and nothing is held


def _stop_after_plan(world: PreparationWorld) -> None:
    world.plan()


def _stop_after_start(world: PreparationWorld) -> None:
    world.plan()
    world.start()


def _stop_after_lost_start(world: PreparationWorld) -> None:
    world.plan()
    world.engine.fails = {"start's answer": ServiceUnavailableError("lost")}
    with pytest.raises(ServiceUnavailableError):
        world.start()
    world.engine.fails = {}


def _stop_after_poll(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.pass_time(minutes=4)
    world.poll()


def _stop_after_good_end(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.engine.endings = {1: Ending.COMPLETED}
    world.poll()


def _stop_in_second_attempt(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.engine.endings = {1: Ending.INTERRUPTED}
    with pytest.raises(CapacityError):
        world.poll()
    world.start(2)


@pytest.mark.parametrize(
    ("until", "billed"),
    [
        (_stop_after_plan, Decimal(0)),
        (_stop_after_start, BILLED_USD),
        (_stop_after_lost_start, BILLED_USD),
        (_stop_after_poll, BILLED_USD),
        (_stop_after_good_end, BILLED_USD),
        (_stop_in_second_attempt, 2 * BILLED_USD),
    ],
)
def test_a_run_that_stops_anywhere_leaves_nothing_running_and_holds_nothing(
    world: PreparationWorld, until: Callable[[PreparationWorld], None], billed: Decimal
) -> None:
    until(world)
    assert world.end().settled_usd == billed
    assert world.engine.active == []
    assert (world.held_usd, world.settled_usd) == (Decimal(0), billed)
    assert not list(world.run.artifacts.list(f"scratch/{RUN_ID}/"))


@pytest.mark.parametrize("call", ["quote", "start", "look", "stop"])
@pytest.mark.parametrize("error", [ServiceUnavailableError, AwsRequestError])
def test_a_call_that_fails_spends_nothing_twice_and_is_ended_later(
    world: PreparationWorld, call: str, error: type[ThriftlineError]
) -> None:
    world.engine.fails = {call: error("no")}
    if call == "quote":
        with pytest.raises(error):
            world.plan()
    elif call == "start":
        world.plan()
        with pytest.raises(error):
            world.start()
    else:
        world.engine.fails = {}
        _stop_after_start(world)
        world.engine.fails = {call: error("no")}
        with pytest.raises(error):
            world.clean_up()
        assert world.held_usd == Decimal("10.00"), "what may run is still paid for"
    world.engine.fails = {}
    world.end()
    assert world.engine.active == []
    assert world.held_usd == 0


def test_an_engine_that_hides_a_started_attempt_keeps_the_hold(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.engine.shows = False
    with pytest.raises(ServiceUnavailableError, match="shows no preparation"):
        world.poll()
    settled = world.end()
    assert settled.status == "kept"
    assert "is on record and its engine does not show it" in settled.reason
    assert world.held_usd == Decimal("10.00")


def test_a_bill_that_is_not_known_keeps_the_hold_until_it_is(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.engine.billed_usd = None
    settled = world.end()
    assert settled.status == "kept"
    assert "does not say what it was billed" in settled.reason


def test_an_engine_that_is_away_when_only_a_bill_is_open_does_not_keep_a_run_from_its_end(
    world: PreparationWorld,
) -> None:
    world.engine.billed_usd = None
    world.engine.endings = {1: Ending.COMPLETED}
    _stop_after_start(world)
    world.poll()
    world.engine.fails = {"look": ServiceUnavailableError("away")}
    assert world.clean_up().stopped_jobs == ()
    with pytest.raises(ServiceUnavailableError):
        world.settle()
    assert world.held_usd == Decimal("10.00")
