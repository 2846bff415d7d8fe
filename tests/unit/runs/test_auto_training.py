"""The policy of `auto`: enough steps for few rows, today's batches for many, named values win."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.domain.auto_training import (
    FEWEST_EPOCHS,
    FEWEST_ROWS,
    LEAST_RATE,
    LEAST_STEPS,
    LINEAR_HEAD_STEPS,
    MOST_EPOCHS,
    MOST_RATE,
    MOST_ROWS,
    STEP_TOKENS,
    DataShape,
    NamedSettings,
    choose,
    learning_rate,
    rows_of_step,
)

ROWS = st.integers(1, 10_000_000)
TOKENS = st.none() | st.floats(3, 8192)
DATA = st.builds(
    DataShape,
    rows=ROWS,
    mean_tokens=TOKENS,
    labels=st.none() | st.integers(2, 1000),
    must_finetune=st.booleans(),
    width=st.none(),
)
NAMED = st.builds(
    NamedSettings,
    method=st.none() | st.sampled_from(["finetune", "head_first", "linear_head"]),
    epochs=st.none() | st.integers(1, 100),
    learning_rate=st.none() | st.floats(1e-7, 0.1),
    batch_tokens=st.none() | st.integers(64, 1_048_576),
    warmup_fraction=st.none() | st.floats(0, 0.99),
    patience=st.none() | st.integers(1, 100),
)


@given(DATA)
def test_what_is_chosen_is_within_bounds(data: DataShape) -> None:
    chosen = choose(data, NamedSettings())

    assert FEWEST_EPOCHS <= chosen.epochs <= MOST_EPOCHS
    assert chosen.batch_rows is not None
    assert FEWEST_ROWS <= chosen.batch_rows <= MOST_ROWS
    assert LEAST_RATE <= chosen.learning_rate <= MOST_RATE
    assert chosen.patience >= chosen.epochs
    assert chosen.steps >= 1
    assert chosen.method in {"finetune", "head_first", "linear_head"}


@given(DATA)
def test_there_are_enough_steps_unless_the_epochs_are_at_their_most(data: DataShape) -> None:
    chosen = choose(data, NamedSettings(method="finetune"))

    assert chosen.steps >= LEAST_STEPS or chosen.epochs == MOST_EPOCHS


@given(ROWS, ROWS, TOKENS)
def test_more_rows_never_make_smaller_steps_or_more_epochs(
    one: int, other: int, tokens: float | None
) -> None:
    fewer, more = (DataShape(rows, tokens) for rows in sorted((one, other)))

    assert rows_of_step(fewer) <= rows_of_step(more)
    if rows_of_step(fewer) == rows_of_step(more):
        assert choose(fewer, NamedSettings()).epochs >= choose(more, NamedSettings()).epochs


@given(st.integers(1, 8192), st.integers(1, 8192))
def test_a_wider_encoder_never_gets_a_higher_rate(one: int, other: int) -> None:
    narrow, wide = sorted((one, other))

    assert learning_rate(narrow) >= learning_rate(wide)


@given(DATA, NAMED)
def test_what_is_named_wins(data: DataShape, named: NamedSettings) -> None:
    chosen = choose(data, named)

    for name, value in vars(named).items():
        if value is not None:
            assert getattr(chosen, name) == value
    assert (chosen.batch_rows is None) == (named.batch_tokens is not None)


@pytest.mark.parametrize(
    ("rows", "tokens", "expected"),
    [
        # 600 short texts, of which 480 are trained on: six steps of 4,096 tokens an epoch once.
        (480, 29.0, {"batch_rows": 8, "epochs": 5, "steps": 300}),
        (160, 29.0, {"batch_rows": 8, "epochs": 10, "steps": 200}),
        (1_600, 29.0, {"batch_rows": 16, "epochs": 3, "steps": 300}),
        (8_000, 29.0, {"batch_rows": 80, "epochs": 3, "steps": 300}),
        # As before: 4,096 tokens a step.
        (1_000_000, 29.0, {"batch_rows": 141, "epochs": 3}),
        (20_000, 256.0, {"batch_rows": 16, "epochs": 3}),
    ],
)
def test_the_sizes_that_people_bring(rows: int, tokens: float, expected: dict[str, Any]) -> None:
    chosen = choose(DataShape(rows, tokens), NamedSettings())

    assert {name: getattr(chosen, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("rows", "labels", "method"),
    [
        (160, 2, "linear_head"),
        (200, 2, "head_first"),
        (160, 4, "linear_head"),
        (480, 8, "linear_head"),
        (400, 4, "head_first"),
        (1_900, 20, "linear_head"),
        (5_000, 20, "head_first"),
        (5_001, 2, "finetune"),
        (10_000, 20, "finetune"),
        (160, None, "finetune"),
    ],
)
def test_few_rows_of_many_labels_get_a_linear_head(
    rows: int, labels: int | None, method: str
) -> None:
    data = DataShape(rows, 20.0, labels)

    assert choose(data, NamedSettings()).method == method
    assert choose(replace(data, must_finetune=True), NamedSettings()).method == "finetune"


@given(DATA, st.integers(1, 1000))
def test_more_rows_never_go_back_to_a_linear_head(data: DataShape, more: int) -> None:
    larger = replace(data, rows=data.rows + more)

    if choose(data, NamedSettings()).method == "finetune":
        assert choose(larger, NamedSettings()).method == "finetune"


def test_a_linear_head_has_a_step_for_each_penalty() -> None:
    assert (
        choose(DataShape(100, 20.0), NamedSettings(method="linear_head")).steps == LINEAR_HEAD_STEPS
    )


@given(st.floats(10, 256), st.integers(1, 512))
def test_the_tokens_of_a_step_are_those_of_its_rows(tokens: float, rows: int) -> None:
    chosen = choose(DataShape(rows * 1000, tokens), NamedSettings())
    assert chosen.batch_rows is not None

    assert chosen.tokens_of_step(tokens) == pytest.approx(chosen.batch_rows * tokens, abs=1)
    assert (
        choose(DataShape(rows, tokens), NamedSettings(batch_tokens=64)).tokens_of_step(tokens) == 64
    )
    assert chosen.batch_tokens == STEP_TOKENS
