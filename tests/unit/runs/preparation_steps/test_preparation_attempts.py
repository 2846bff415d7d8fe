"""A preparation's attempts: how each begins, is looked at, ends and is followed."""

import json
from decimal import Decimal

import pytest

from tests.unit.runs.engine_fixture import BILLED_USD, WORST_USD
from tests.unit.runs.preparation_world import PreparationWorld
from tests.unit.runs.run_world import NOW, PROJECT, RUN_ID
from thriftline.core.errors import (
    AllowanceSpentError,
    CapacityError,
    DatasetRejectedError,
    LadderExhaustedError,
    OutOfRunTimeError,
    OutOfWaitTimeError,
    QuotaExceededError,
    ThriftlineError,
    TrainingFailedError,
    TrainingInternalError,
    TrainingStoppedError,
)
from thriftline.runs.domain.endings import Ending


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
