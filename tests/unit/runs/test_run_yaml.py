"""run.yaml: what is read, and what a mistake gets."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.schemas.run_yaml import MAX_BYTES, Defaults, parse_run_yaml

DEFAULTS = Defaults("org/base", "ml.g5.xlarge", Decimal("7.50"))


def problem(text: str | bytes) -> str:
    body = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InvalidRunSpecError) as caught:
        parse_run_yaml(body, DEFAULTS)
    return str(caught.value)


def test_no_file_and_an_empty_file_mean_the_stacks_defaults() -> None:
    for text in (None, b"", b"# only a comment\n"):
        spec = parse_run_yaml(text, DEFAULTS)
        assert spec.base_model == "org/base"
        assert spec.training.instance_type == "ml.g5.xlarge"
        assert spec.budget.max_usd == Decimal("7.50")


def test_what_the_file_says_wins_over_the_stack() -> None:
    spec = parse_run_yaml(
        b"base_model: a/b\nbudget:\n  max_usd: 3.1\nhyperparameters:\n  learning_rate: 5e-4\n",
        DEFAULTS,
    )
    assert spec.base_model == "a/b"
    assert spec.budget.max_usd == Decimal("3.1")
    assert spec.hyperparameters.learning_rate == 0.0005
    assert spec.training.instance_type == "ml.g5.xlarge"


def test_an_unknown_key_names_line_key_what_is_allowed_and_the_nearest() -> None:
    message = problem("seed: 1\nhyperparameters:\n  learnig_rate: 1e-4\n")
    assert "line 3" in message
    assert "hyperparameters.learnig_rate" in message
    assert "allowed are method, epochs, learning_rate" in message
    assert "Did you mean learning_rate?" in message


def test_every_problem_is_told_at_once() -> None:
    message = problem("seed: -1\nhyperparameters:\n  epochs: 0\n  batch_tokens: many\n")
    assert len(message.splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("hyperparameters:\n  epochs: 0\n", ["line 2", "hyperparameters.epochs", "1", "0"]),
        ("hyperparameters:\n  epochs: '3'\n", ["line 2", "integer", '"3"']),
        ("training:\n  spot: maybe\n", ["line 2", "training.spot", "boolean", "maybe"]),
        ("task: translation\n", ["line 1", "task", "text-classification", "translation"]),
        ("base_model: ../weights\n", ["line 1", "base_model", "hub id", "../weights"]),
        ("training:\n  instance_type: p5.48xlarge\n", ["line 2", "ml.g5.xlarge"]),
        ("budget:\n  max_usd: 0\n", ["line 2", "budget.max_usd", "greater than 0"]),
        ("columns:\n  text: a\n  label: a\n", ["line 1", "different columns"]),
        ("columns:\n  label_separator: ','\n", ["line 1", "task: multi-label-classification"]),
        ("seed: 1\ngate:\n  metric: micro_f1\n", ["line 2", "equals accuracy"]),
        ("training:\n  spot: false\n  max_wait_seconds: 9000\n", ["line 1", "Spot only"]),
        ("training:\n  max_wait_seconds: 60\n", ["line 1", "at least max_runtime_seconds"]),
        ("seed: 1\nseed: 2\n", ["line 2", "duplicate key"]),
        ("a: [\n", ["line 2", "column 1"]),
        ("a:\n\t- b\n", ["line 2"]),
        ("- 1\n", ["must hold keys such as task"]),
        ("hyperparameters: 3\n", ["line 1", "hyperparameters", "object"]),
    ],
)
def test_a_mistake_names_the_place_the_key_and_the_rule(text: str, parts: list[str]) -> None:
    message = problem(text)
    assert [part for part in parts if part not in message] == []


def test_several_labels_a_record_are_gated_on_micro_f1_unless_the_file_says_else() -> None:
    task = "task: multi-label-classification\n"

    silent = parse_run_yaml(f"{task}columns:\n  label_separator: '|'\n".encode(), DEFAULTS)
    said = parse_run_yaml(f"{task}gate:\n  metric: macro_f1\n".encode(), DEFAULTS)

    assert silent.multi_label
    assert silent.columns.label_separator == "|"
    assert silent.gate.metric == "micro_f1"
    assert said.gate.metric == "macro_f1"
    assert parse_run_yaml(b"seed: 1\n", DEFAULTS).gate.metric == "accuracy"


@pytest.mark.parametrize(
    ("gate", "place"),
    [("gate: 3\n", "line 2: gate:"), ("gate:\n  metrik: macro_f1\n", "line 3: unknown key")],
)
def test_a_wrong_gate_of_several_labels_is_named_as_it_is_given(gate: str, place: str) -> None:
    assert place in problem(f"task: multi-label-classification\n{gate}")


def test_bytes_that_are_no_text_name_their_line() -> None:
    assert "line 2: not UTF-8" in problem(b"seed: 1\ntask: \xff\n")


def test_data_by_mistake_is_refused_by_its_size() -> None:
    assert f"{MAX_BYTES:,} are allowed" in problem(b"#" * (MAX_BYTES + 1))


def test_python_objects_in_yaml_are_not_made() -> None:
    assert "run.yaml" in problem("seed: !!python/object/apply:os.getpid []\n")


@given(st.binary(max_size=300))
def test_any_bytes_give_a_run_spec_or_our_error(body: bytes) -> None:
    with contextlib.suppress(InvalidRunSpecError):
        assert parse_run_yaml(body, DEFAULTS).seed >= 0


@given(st.text(alphabet="abc:-[]{}&*!|>'\"# \n\t0123.", max_size=120))
def test_any_yaml_like_text_gives_a_run_spec_or_our_error(text: str) -> None:
    with contextlib.suppress(InvalidRunSpecError):
        assert parse_run_yaml(text.encode(), DEFAULTS).seed >= 0
