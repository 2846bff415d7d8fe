"""A sample keeps each label's share, and is the same whenever it is drawn again."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.families import BASE_MODELS, DEFAULT, BaseModel
from thriftline.runs.trainers.bedrock.sampling import (
    evaluation_size,
    fit_records,
    half_width,
    sample,
    shares,
)

NOVA, NOVA_2 = BASE_MODELS[DEFAULT], BASE_MODELS["amazon.nova-2-lite-v1:0:256k"]
LLAMA = BASE_MODELS["meta.llama3-3-70b-instruct-v1:0:128k"]
COUNTS = st.dictionaries(st.text(max_size=3), st.integers(0, 5_000), min_size=1, max_size=20)


@given(COUNTS, st.integers(0, 20_000))
def test_shares_add_up_and_stay_within_what_there_is(counts: dict[str, int], most: int) -> None:
    kept = shares(counts, most)
    total = sum(counts.values())
    assert sum(kept.values()) == min(total, most)
    assert all(0 <= kept[label] <= count for label, count in counts.items())
    if most >= sum(count > 0 for count in counts.values()):
        assert all(kept[label] for label, count in counts.items() if count)


@given(COUNTS, st.integers(1, 20_000))
def test_each_label_keeps_its_share(counts: dict[str, int], most: int) -> None:
    kept, total = shares(counts, most), sum(counts.values())
    having = sum(count > 0 for count in counts.values())
    if total <= most:
        return
    for label, count in counts.items():
        assert abs(kept[label] - count * most / total) <= having + 1


@given(st.integers(0, 2**32), st.integers(0, 300), st.randoms())
def test_a_sample_is_the_same_in_whatever_order_it_is_read(
    seed: int, most: int, random: Random
) -> None:
    records = [(f"reviews.csv:{row}", "pos" if row % 3 else "neg") for row in range(200)]
    counts = {label: sum(one == label for _, one in records) for label in ("pos", "neg")}
    sizes = shares(counts, most)
    drawn = sample(records, sizes, seed)
    shuffled = list(records)
    random.shuffle(shuffled)
    assert sample(shuffled, sizes, seed) == drawn
    assert len(drawn) == min(most, 200)
    labels = dict(records)
    assert sum(labels[one] == "neg" for one in drawn) == sizes["neg"]


def test_another_seed_draws_another_sample() -> None:
    records = [(str(row), "one") for row in range(1_000)]
    assert sample(records, {"one": 100}, 1) != sample(records, {"one": 100}, 2)


def test_21000_records_become_a_sample_of_20000_with_its_sentence() -> None:
    fitted = fit_records({"train": 21_000}, NOVA)
    assert (fitted.train, fitted.validation) == (20_000, 0)
    assert "takes at most 20,000 records, training and validation together" in fitted.statements[0]
    assert "a sample of 20,000 of 21,000 records" in fitted.statements[0]


@pytest.mark.parametrize(
    ("splits", "train", "validation"),
    [
        ({"train": 8_530}, 8_530, 0),
        ({"train": 8_530, "validation": 1_066}, 8_530, 1_000),
        ({"train": 25_000, "validation": 2_500}, 19_000, 1_000),
        ({"train": 19_500, "validation": 900}, 19_100, 900),
    ],
)
def test_train_and_validation_count_together_for_nova(
    splits: dict[str, int], train: int, validation: int
) -> None:
    fitted = fit_records(splits, NOVA)
    assert (fitted.train, fitted.validation) == (train, validation)
    assert fitted.total <= 20_000


def test_llama_takes_half_as_many() -> None:
    assert fit_records({"train": 25_000}, LLAMA).train == 10_000


def test_nova_2_lite_gets_no_validation_file() -> None:
    fitted = fit_records({"train": 5_000, "validation": 500}, NOVA_2)
    assert (fitted.train, fitted.validation) == (5_000, 0)
    assert "takes no validation file; the 500 validation records are unused" in fitted.statements[0]


def test_a_distillation_is_not_validated() -> None:
    fitted = fit_records({"train": 200, "validation": 50}, NOVA, "distillation")
    assert fitted.statements == (
        "A job of distillation takes no validation file; the 50 validation records are unused.",
    )


@pytest.mark.parametrize(
    ("records", "model", "fewest"), [(7, NOVA, "8"), (199, NOVA_2, "200"), (99, LLAMA, "100")]
)
def test_too_few_records_are_refused(records: int, model: BaseModel, fewest: str) -> None:
    with pytest.raises(
        InvalidRunSpecError, match=f"on {fewest} training records or more"
    ) as raised:
        fit_records({"train": records}, model)
    assert f"the data set has {records}. Add records, or say trainer: sagemaker" in str(
        raised.value
    )
    assert "Nothing was spent" in str(raised.value)


def test_an_evaluation_asks_as_many_as_an_hour_allows() -> None:
    asked, statement = evaluation_size(25_000, None, 100, 3)
    assert asked == 2_000
    assert "a sample of 2,000 of 25,000 test records, each 3 times, which takes 60 minutes" in (
        statement
    )
    assert "1.3% either way" in statement


def test_a_slow_account_still_asks_a_hundred() -> None:
    asked, statement = evaluation_size(1_066, None, 4, 2)
    assert asked == 120
    assert "60 minutes at 4 requests a minute" in statement
    assert evaluation_size(1_066, None, 4, 4)[0] == 100


@pytest.mark.parametrize(("wanted", "asked"), [(None, 1_066), (300, 300), (5_000, 1_066)])
def test_the_run_spec_may_size_the_evaluation(wanted: int | None, asked: int) -> None:
    assert evaluation_size(1_066, wanted, None, 3)[0] == asked


def test_an_interval_of_nothing_says_nothing() -> None:
    assert half_width(0) == 1.0
    assert half_width(200) == pytest.approx(0.0416, abs=0.0001)
