"""A search: what it costs, and how long it takes on some GPUs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.money.instances import gpus_of
from thriftline.runs.domain.encoders import WELL_KNOWN
from thriftline.runs.domain.search import Search, SearchRung, halvings
from thriftline.runs.schemas.plan import planned_search
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.search_section import MOST_TRIALS
from thriftline.runs.steps.training_work import named_by
from thriftline.runs.trainers.sagemaker.expected_time import Workload, expected_time
from thriftline.runs.trainers.sagemaker.scaling import Gpus

BERT_BASE = WELL_KNOWN["google-bert/bert-base-uncased"]
WORK = Workload(
    train_rows=100_000,
    validation_rows=0,
    test_rows=0,
    mean_characters=1000,
    epochs=4,
    batch_tokens=65_536,
    max_length=512,
    has_champion=False,
)


def seconds(search: Search | None, instance_type: str = "ml.g5.xlarge") -> float:
    gpus = Gpus.of(instance_type, 1) or pytest.fail(instance_type)
    work = replace(WORK, search=search)
    return expected_time(work, BERT_BASE, gpus).phases["work"].likely


@given(st.integers(2, MOST_TRIALS), st.none() | st.integers(1, 4))
def test_a_search_ends_with_one_trial_and_costs_less_than_all_of_them(
    trials: int, rungs: int | None
) -> None:
    search = Search(trials, rungs)

    assert search.ladder[0].trials == trials
    assert search.ladder[-1] == SearchRung(1, 1.0)
    assert len(search.ladder) == min(rungs or 4, halvings(trials)) + 1
    assert sum(share for _, share in search.parts) == pytest.approx(1)
    assert 1 < search.cost < trials


def test_eight_trials_cost_two_trainings_and_a_half() -> None:
    assert Search(8).cost == 2.5
    assert [(rung.trials, rung.share) for rung in Search(8).ladder] == [
        (8, 0.125),
        (4, 0.25),
        (2, 0.5),
        (1, 1.0),
    ]
    # One comparison after an eighth, then the best alone.
    assert [rung.trials for rung in Search(8, 1).ladder] == [8, 1]
    assert Search(8, 1).cost == 1.875


def test_the_time_of_a_search_on_one_gpu_is_what_its_trials_train() -> None:
    assert seconds(Search(8)) == pytest.approx(2.5 * seconds(None), rel=1e-6)


def test_trials_share_the_gpus_and_the_last_one_has_them_all() -> None:
    assert gpus_of("ml.g5.12xlarge")
    one, four = seconds(None), seconds(None, "ml.g5.12xlarge")

    # Eight trials in two waves, four in one, two in one; the winner's second half on all four.
    expected = (2 * 0.125 + 1 * 0.125 + 1 * 0.25) * one + 0.5 * four

    assert seconds(Search(8), "ml.g5.12xlarge") == pytest.approx(expected, rel=1e-6)


def test_the_plan_counts_the_longest_trial() -> None:
    spec = RunSpec.model_validate(
        {"search": {"epochs": [2, 6], "batch_tokens": [512, 4096], "trials": 3}}
    )

    named = named_by(spec)
    assert spec.search is not None
    planned = planned_search(spec.search.to_domain(), 100)

    assert (named.epochs, named.batch_tokens, named.method) == (6, 512, "finetune")
    assert planned is not None
    assert planned.trials == 3
    assert [rung.trials for rung in planned.rungs] == [3, 2, 1]
    # 3 x 1/4 + 2 x 1/4 + 1/2 times a hundred steps.
    assert planned.at_most_steps == 175
    assert planned_search(None, 100) is None
