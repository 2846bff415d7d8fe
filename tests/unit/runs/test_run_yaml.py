"""run.yaml: what is read, and what a mistake gets."""

import contextlib
import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.errors import InvalidRunSpecError
from thriftline.core.spec_documents import MAX_BYTES
from thriftline.runs.domain.encoders import PINNED
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml

DEFAULTS = Defaults("org/base", "ml.g5.xlarge", Decimal("7.50"), ("in_memory", "sagemaker"))


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


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_the_stacks_commit_is_that_of_its_base_model_alone() -> None:
    stack = replace(DEFAULTS, base_model_revision=COMMIT)

    assert parse_run_yaml(None, stack).base_model_revision == COMMIT
    assert parse_run_yaml(b"base_model: a/b\n", stack).base_model_revision is None
    assert parse_run_yaml(None, DEFAULTS).base_model_revision is None
    # The default base model comes with one.
    (own,) = PINNED
    shipped = replace(DEFAULTS, base_model=own)
    assert parse_run_yaml(None, shipped).base_model_revision == PINNED[own]
    assert re.fullmatch("[0-9a-f]{40}", PINNED[own])


def test_a_commit_is_taken_and_whoever_names_one_wants_an_encoder() -> None:
    spec = parse_run_yaml(f"base_model_revision: {COMMIT}\n".encode(), DEFAULTS)

    assert (spec.base_model, spec.base_model_revision) == ("org/base", COMMIT)
    assert spec.trainer == "sagemaker"


@pytest.mark.parametrize("given", ["main", "v1.0", COMMIT[5:15], COMMIT.upper()])
def test_a_branch_a_tag_or_a_part_of_a_hash_is_no_commit(given: str) -> None:
    message = problem(f"base_model: a/b\nbase_model_revision: {given}\n")

    assert "line 2" in message
    assert "a commit's hash of 40 hexadecimal digits, since a branch or a tag" in message


def test_weights_in_s3_have_no_commit() -> None:
    message = problem(f"base_model: s3://bucket/m/\nbase_model_revision: {COMMIT}\n")

    assert "line 2" in message
    assert "is of a model of the hub, and base_model is s3://bucket/m/" in message


def test_a_ladder_says_where_it_trains_and_is_read_again() -> None:
    spec = parse_run_yaml(
        b"training:\n  ladder:\n"
        b"  - {instance_type: ml.g6.xlarge, market: on-demand, wait_seconds: 60}\n"
        b"  - {instance_type: ml.g5.xlarge, max_interruptions: 9}\n",
        DEFAULTS,
    )
    training = spec.training
    assert (training.instance_type, training.spot) == ("ml.g6.xlarge", False)
    assert training.ladder is not None
    assert [rung.market for rung in training.ladder] == ["on-demand", "spot"]
    assert spec.on_one_machine
    assert RunSpec.model_validate_json(spec.model_dump_json()) == spec


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
        ("seed: 1\ntrainer: bedrok\n", ["line 2: trainer", "in_memory or sagemaker", "bedrok"]),
        ("training:\n  spot: maybe\n", ["line 2", "training.spot", "boolean", "maybe"]),
        ("task: translation\n", ["line 1", "task", "text-classification", "translation"]),
        ("base_model: ../weights\n", ["line 1", "base_model", "hub id", "../weights"]),
        ("training:\n  instance_type: p5.48xlarge\n", ["line 2", "ml.g5.xlarge"]),
        ("budget:\n  max_usd: 0\n", ["line 2", "budget.max_usd", "greater than 0"]),
        ("columns:\n  text: a\n  label: a\n", ["line 1", "different columns"]),
        ("columns:\n  label_separator: ','\n", ["line 1", "task: multi-label-classification"]),
        (
            "training:\n  ladder:\n  - {instance_type: ml.g5.xlarge}\n"
            "  - {instance_type: ml.g5.xlarge, market: on-demand}\n"
            "  - instance_type: ml.g5.xlarge\n    wait_seconds: 60\n",
            ["line 5: training.ladder.2: rung 3 repeats rung 1: 1 x ml.g5.xlarge, spot"],
        ),
        (
            "training:\n  ladder:\n  - {instance_type: ml.g5.xlarge}\n  - instance_typ: ml.g5.x\n",
            ["line 4", "training.ladder.1.instance_typ", "Did you mean instance_type?"],
        ),
        (
            "training:\n  ladder:\n  - instance_type: ml.g5.xlarge\n    market: cheap\n",
            ["line 4: training.ladder.0.market", "'spot' or 'on-demand'", '"cheap"'],
        ),
        (
            "training:\n  ladder:\n  - instance_type: g5.xlarge\n",
            ["line 3: training.ladder.0.instance_type", "must be a SageMaker type"],
        ),
        ("training:\n  ladder: []\n", ["line 2: training.ladder", "at least 1 item"]),
        (
            "training:\n  ladder:\n"
            + "".join(
                f"  - {{instance_type: ml.g5.xlarge, instance_count: {n}}}\n" for n in range(1, 8)
            ),
            ["line 2: training.ladder", "at most 6 items"],
        ),
        (
            "training:\n  instance_type: ml.g6.xlarge\n  ladder: [{instance_type: ml.g5.xlarge}]\n",
            ["line 1: training", "the ladder says where it trains; take instance_type out"],
        ),
        (
            "training:\n  max_wait_seconds: 99\n  ladder: [{instance_type: ml.g5.xlarge}]\n",
            ["line 1: training", "take max_wait_seconds out"],
        ),
        (
            "hyperparameters:\n  method: linear_head\n"
            "training:\n  ladder: [{instance_type: ml.g5.xlarge, instance_count: 2}]\n",
            ["line 3: training", "linear_head runs on one instance"],
        ),
        ("search:\n  epochs: [2]\n", ["line 1", "search", "one combination of values"]),
        ("search:\n  epochs: [2, 2]\n", ["line 1", "epochs has a value twice"]),
        ("search:\n  epochs: [2, 101]\n", ["line 2", "search.epochs.1", "100"]),
        ("search:\n  epoch: [2, 3]\n", ["line 2", "unknown key", "Did you mean epochs?"]),
        ("search:\n  epochs: [2, 3]\n  rungs: 2\n", ["line 1", "at most 1 for 2 trials"]),
        (
            "search:\n  epochs: [1, 2, 3, 4, 5]\n  batch_tokens: [64, 65, 66, 67]\n",
            ["line 1", "20 combinations", "at most 16 trials"],
        ),
        (
            "training:\n  instance_count: 2\nsearch:\n  epochs: [2, 3]\n",
            ["line 3", "search", "one instance"],
        ),
        (
            "hyperparameters:\n  method: linear_head\nsearch:\n  epochs: [2, 3]\n",
            ["line 3", "method: finetune"],
        ),
        (
            "hyperparameters:\n  method: linear_head\ntraining:\n  instance_count: 2\n",
            ["line 3", "instance_count: 1"],
        ),
        ("seed: 1\ngate:\n  metric: micro_f1\n", ["line 2", "equals accuracy"]),
        ("training:\n  spot: false\n  max_wait_seconds: 9000\n", ["line 1", "Spot only"]),
        (
            "training:\n  max_runtime_seconds: 90\n  max_wait_seconds: 60\n",
            ["line 1", "at least max_runtime_seconds"],
        ),
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


NESTED = "".join(f"{' ' * depth}a:\n" for depth in range(200))
BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "line 1, column 4: anchors and aliases"),
        ("seed: *other\n", "line 1, column 7: anchors and aliases"),
        ("columns: &c\n  text: *c\n", "line 1, column 10: anchors"),
        ("seed: !!int 3\n", "line 1, column 7: tags"),
        ("base_model: !custom x\n", "line 1, column 13: tags"),
        ("seed: 1\n? [a, b]\n: 1\n", "line 2"),
        ("seed: 1\n? {a: b}\n: 1\n", "line 2"),
        ("2026-11-29: 1\n", "line 1: the key 2026-11-29 is not a text"),
        ("hyperparameters:\n  3: 1\n", "line 2: the key 3 is not a text"),
        ("true: 1\n", "line 1: the key true is not a text"),
        ("~: 1\n", "line 1: the key null is not a text"),
        ("? [a, b]\n: 1\n", "line 1: the key of several values is not a text"),
        ("? {a: 1}\n: 1\n", "line 1: the key of several values is not a text"),
        ("seed: 1\ngate: \x00\n", "line 2: the character"),
        (f"dataset: {'[' * 300}{']' * 300}\n", "line 1, column 21: more than 12 levels"),
        ("[" * 60_000, "more than 12 levels"),
        ("{" * 60_000, "more than 12 levels"),
        ("- " * 30_000, "more than 12 levels"),
        (NESTED, "line 13"),
        (f"seed: 0x{'f' * 20_000}\n", "line 1, column 7: a text of 20,002 characters"),
        (f"seed: {'9' * 5_000}\n", "line 1"),
        (f"seed: 0x{'f' * 1_900}\n", "line 1: seed"),
        (f"base_model: {'a' * 60_000}\n", "line 1, column 13: a text of 60,000 characters"),
        ("".join(f"k{n}: 1\n" for n in range(2_000)), "and 1,980 more problems"),
        ("".join(f"k{n}: 1\n" for n in range(6_500)), "more than 6,000 keys and values"),
        (f"{'k' * 1_500}: 1\n", "line 1"),
        (f"{'k' * 900}: 1\n", "…"),
        ('columns: {text: "a\u202eb"}\n', "do not print: a\\\\u202eb"),
        ('columns: {text: "a\\u2028b"}\n', "do not print"),
        ('columns: {text: "a\\x1bb"}\n', "do not print"),
        ("seed: .inf\n", "line 1: seed"),
        ("gate: {minimum: .nan}\n", "line 1: gate.minimum"),
        ("budget: {max_usd: 1e999}\n", "line 1: budget.max_usd"),
        ("budget: {max_usd: .nan}\n", "line 1: budget.max_usd"),
        ("seed: 2026-13-45\n", "run.yaml"),
        ("seed: 1\n---\nseed: 2\n", "run.yaml"),
        ("%YAML 9.9\n---\nseed: 1\n", "run.yaml"),
        ("seed: [1, 2\n", "run.yaml"),
    ],
)
def test_every_trick_is_a_refusal_with_its_place(text: str, said: str) -> None:
    message = problem(text)
    assert said.replace("\\\\", "\\") in message
    assert len(message) < 8_000
    assert all(line.isprintable() for line in message.split("\n"))


yaml_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates().map(str)
    | st.text(max_size=20)
    | st.sampled_from(["&a x", "*a", "!!set {a}", "!x", "0x" + "f" * 50, "1e400", "0o7", "? a"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["seed", "budget", "max_usd", "dataset", "train", "gate", "x", "1"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(yaml_values, st.booleans())
def test_any_document_gives_a_run_spec_or_our_error(value: object, loose: bool) -> None:
    text = json.dumps(value, ensure_ascii=False)
    if loose:
        # Without quotes texts are read as numbers, dates, anchors, tags and keys.
        text = text.replace('"', "")
    body = text.encode("utf-8", "surrogatepass")
    with contextlib.suppress(InvalidRunSpecError):
        assert parse_run_yaml(body, DEFAULTS).seed >= 0
