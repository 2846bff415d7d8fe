"""Clean up lets the trainer take away what its attempts left."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.runs.bucket_fixture import no_bucket
from tests.unit.runs.engine_fixture import engines_over
from tests.unit.runs.finished_run import EXECUTION, NOW, RUN_ID, UPLOAD, World, plan, world
from tests.unit.runs.word_trainer import WordTrainer, ended_attempt, with_word_trainer
from thriftline.core.errors import ServiceUnavailableError
from thriftline.runs.domain.endings import Ending
from thriftline.runs.schemas.steps.ending import CleanUpRequest, CleanUpResponse
from thriftline.runs.steps.clean_up import clean_up

FIRST, SECOND = f"{RUN_ID}-01", f"{RUN_ID}-02"


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        made.claim()
        made.put_run()
        planned = plan().model_copy(update={"trainer": "bedrock"})
        made.put("plan.json", planned.model_dump_json().encode())
        yield made


def _clean_up(here: World, trainer: WordTrainer, told: list[str] | None = None) -> CleanUpResponse:
    return clean_up(
        CleanUpRequest(run_id=RUN_ID, upload=UPLOAD, execution_arn=EXECUTION),
        runs=here.runs,
        artifacts=here.artifacts,
        trainers=with_word_trainer(here.artifacts, trainer),
        engines=engines_over(here.artifacts),
        queue=here.queue,
        report=lambda name, error: (told if told is not None else []).append(f"{name}: {error}"),
        bucket_of=no_bucket,
        now=NOW,
    )


def _two_attempts(**second: Any) -> WordTrainer:
    failed = ended_attempt(FIRST, RUN_ID, ending=Ending.INTERNAL_ERROR)
    return WordTrainer(attempts={FIRST: failed, SECOND: ended_attempt(SECOND, RUN_ID, **second)})


def test_every_attempt_is_released_and_only_the_registered_model_stays(here: World) -> None:
    trainer = _two_attempts()
    here.runs.update(RUN_ID, model_package_arn="arn:package/1")
    _clean_up(here, trainer)
    assert trainer.released == [(FIRST, False), (SECOND, True)]


def test_of_a_run_without_a_version_no_model_stays(here: World) -> None:
    trainer = _two_attempts()
    _clean_up(here, trainer)
    assert trainer.released == [(FIRST, False), (SECOND, False)]


def test_nothing_is_released_while_an_attempt_still_stops(here: World) -> None:
    trainer = _two_attempts(ending=None)
    assert _clean_up(here, trainer).stopped_jobs == (SECOND,)
    assert (trainer.stopped, trainer.released) == ([SECOND], [])


def test_what_a_trainer_counts_as_it_lets_a_stopped_attempt_go_is_on_record(here: World) -> None:
    class Late(WordTrainer):
        def release(self, name: str, run_id: str, *, registered: bool) -> None:
            super().release(name, run_id, registered=registered)
            late = replace(self.attempts[name], billed_usd=Decimal("0.75"))
            self.attempts = {**self.attempts, name: late}

    stopped = ended_attempt(FIRST, RUN_ID, ending=Ending.STOPPED, billed_usd=Decimal("0.50"))
    trainer = Late(attempts={FIRST: stopped})
    _clean_up(here, trainer)

    item = here.runs.get(RUN_ID) or {}
    assert Decimal(item["attempt_01"]["billed_usd"]) == Decimal("0.75")


def test_what_cannot_be_taken_away_now_is_reported_and_does_not_fail_the_run(here: World) -> None:
    class Stuck(WordTrainer):
        def release(self, name: str, run_id: str, *, registered: bool) -> None:
            super().release(name, run_id, registered=registered)
            if name == FIRST:
                raise ServiceUnavailableError("The deployment is not gone yet.")

    trainer = Stuck(attempts=_two_attempts().attempts)
    told: list[str] = []
    response = _clean_up(here, trainer, told)
    assert response.left == (FIRST,)
    assert len(trainer.released) == 2
    assert told == [f"{FIRST}: The deployment is not gone yet."]


def _scratch(here: World, name: str) -> str:
    key = f"scratch/{RUN_ID}/{name}"
    here.artifacts.write(key, b"{}", "application/json")
    return key


@pytest.mark.parametrize("keeps", [False, True])
def test_splits_stay_only_where_run_yaml_wants_them_kept(here: World, keeps: bool) -> None:
    here.put_run(dataset={"keep_splits": keeps})
    split = _scratch(here, "splits/test/part-00000.jsonl")
    _scratch(here, "digests/test/part-00000.bin")
    _clean_up(here, _two_attempts())
    left = [one.key for one in here.artifacts.list(f"scratch/{RUN_ID}/")]
    assert left == ([split] if keeps else [])


def test_splits_of_a_run_that_cannot_be_read_are_left_to_the_buckets_rules(here: World) -> None:
    here.put("run.json", b"{}")
    split = _scratch(here, "splits/test/part-00000.jsonl")
    _clean_up(here, _two_attempts())
    assert [one.key for one in here.artifacts.list(f"scratch/{RUN_ID}/")] == [split]
