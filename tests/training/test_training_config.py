"""Hyperparameters are read strictly, and refused by name."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.tiny import DEFAULTS
from training_image.config import TrainConfig, read_config
from training_image.job import JobError

pytestmark = pytest.mark.training


def test_strings_become_values_of_the_right_type() -> None:
    config = read_config({**DEFAULTS, "text_pair": "true", "learning_rate": "2e-5", "seed": "3"})
    assert (config.text_pair, config.learning_rate, config.seed) == (True, 2e-5, 3)


def test_only_the_base_model_has_to_be_given() -> None:
    config = read_config({"base_model": "org/encoder"})
    assert (config.base_model, config.epochs, config.eval_metric) == ("org/encoder", 3, "accuracy")
    with pytest.raises(JobError, match="base_model is missing"):
        read_config({})


def test_an_unknown_hyperparameter_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(JobError, match=r"'epoch' is unknown, did you mean epochs\?") as error:
        read_config({**DEFAULTS, "epoch": "3"})
    assert all(each.name in str(error.value) for each in fields(TrainConfig))


@pytest.mark.parametrize(
    ("name", "given", "allowed"),
    [
        ("epochs", "0", "a whole number from 1 to 100"),
        ("epochs", "2.5", "a whole number from 1 to 100"),
        ("learning_rate", "0", "a number above 0 and at most 0.1"),
        ("learning_rate", "nan", "a number above 0 and at most 0.1"),
        ("batch_tokens", "63", "a whole number from 64 to 1048576"),
        ("max_length", "many", "a whole number from 8 to 8192"),
        ("warmup_fraction", "1", "a number from 0 to 0.99"),
        ("label_smoothing", "-0.1", "a number from 0 to 0.99"),
        ("eval_metric", "f1", "accuracy or macro_f1"),
        ("patience", "0", "a whole number from 1 to 100"),
        ("seed", "4294967296", "a whole number from 0 to 4294967295"),
        ("text_pair", "yes", "true or false"),
        ("base_model", " ", "a text that is not empty"),
    ],
)
def test_an_impossible_value_is_refused_with_what_is_allowed(
    name: str, given: str, allowed: str
) -> None:
    with pytest.raises(JobError) as error:
        read_config({**DEFAULTS, name: given})
    assert f"{name} is {given!r} but must be {allowed}" in str(error.value)


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(JobError) as error:
        read_config({**DEFAULTS, "epochs": "x", "seed": "y", "lr": "1"})
    assert all(name in str(error.value) for name in ("epochs is", "seed is", "'lr' is unknown"))


def test_a_value_that_is_no_string_is_refused_as_sagemaker_sends_strings_only() -> None:
    with pytest.raises(JobError, match="epochs is 3 but must be"):
        read_config({**DEFAULTS, "epochs": 3})


@given(name=st.sampled_from(sorted(DEFAULTS)), text=st.text(max_size=20))
def test_any_text_is_either_read_or_refused_with_one_sentence(name: str, text: str) -> None:
    try:
        told = str(getattr(read_config({**DEFAULTS, name: text}), name))
    except JobError as error:
        told = f"{error}"
    assert told.strip()


def test_the_run_id_is_no_part_of_what_decides_the_result() -> None:
    one, other = read_config({**DEFAULTS, "run_id": "a"}), read_config({**DEFAULTS, "run_id": "b"})
    assert one.spec == other.spec
    assert one.spec != read_config({**DEFAULTS, "seed": "8"}).spec
