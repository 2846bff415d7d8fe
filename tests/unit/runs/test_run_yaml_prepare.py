"""run.yaml: ``prepare``, what it needs, and what it means for the other sections."""

from decimal import Decimal

import pytest

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.schemas.data_sections import Columns
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml

DEFAULTS = Defaults("org/base", "ml.g5.xlarge", Decimal(10), ("bedrock", "sagemaker"))


def read(text: str) -> RunSpec:
    return parse_run_yaml(text.encode(), DEFAULTS)


def problem(text: str) -> str:
    with pytest.raises(InvalidRunSpecError) as caught:
        read(text)
    return str(caught.value)


def test_without_the_section_nothing_is_prepared() -> None:
    assert read("").prepare is None


def test_an_empty_section_has_limits_and_takes_near_copies_out() -> None:
    prepare = read("prepare: {}\n").prepare
    assert prepare is not None
    assert (prepare.engine, prepare.max_vcpus, prepare.max_minutes) == ("auto", 16, 60)
    assert prepare.near_duplicates is not None
    assert prepare.near_duplicates.threshold == 0.8
    off = read("prepare: {near_duplicates: null}\n").prepare
    assert off is not None
    assert off.near_duplicates is None


def test_the_columns_of_the_data_set_are_the_prepared_ones_and_are_read_again() -> None:
    spec = read("prepare:\n  columns: {text: body, text_pair: title, label: kind}\n")
    assert spec.columns == Columns(text_pair="text_pair")
    assert RunSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "prepare:\n  columns: {text: a, label: a}\n",
            "run.yaml line 2: prepare.columns: text, text_pair and label must name different",
        ),
        (
            "prepare: {}\ncolumns: {text: body}\n",
            "run.yaml line 2: columns: prepare.columns says what the raw data calls its columns",
        ),
        (
            "prepare: {}\ndataset:\n  test_fraction: 0.3\n",
            "run.yaml line 3: dataset.test_fraction: prepare.split says how",
        ),
        (
            "prepare: {}\ndataset:\n  train: ['*.csv']\n",
            "run.yaml line 3: dataset.train: prepare.split says how",
        ),
        (
            "prepare:\n  engine: sagemaker_processing\n  spot: true\n",
            "run.yaml line 3: prepare.spot: sagemaker_processing has no spare capacity",
        ),
        (
            "prepare:\n  engine: emr_serverless\n  databricks: {}\n",
            "run.yaml line 3: prepare.databricks: emr_serverless does not read it",
        ),
        (
            "prepare:\n  filters: {min_characters: 9, max_characters: 8}\n",
            "run.yaml line 2: prepare.filters: min_characters must be at most max_characters",
        ),
        (
            "prepare:\n  split: {validation_fraction: 0.5, test_fraction: 0.45}\n",
            "run.yaml line 2: prepare.split: validation_fraction + test_fraction must leave 10 %",
        ),
        (
            "prepare:\n  source: [s3://raw/a/, s3://raw/b]\n",
            "run.yaml line 2: prepare.source.1: must be a folder such as s3://bucket/prefix/",
        ),
        (
            "prepare:\n  source: [s3://raw/a/, s3://raw/a/b/]\n",
            "prepare.source.1: holds the same files as s3://raw/a/; a file is read once",
        ),
        (
            "prepare:\n  source: ['s3://raw/*/']\n",
            "prepare.source.0: must hold no space, no hidden sign and none of * ? { } [ ]",
        ),
        (
            "prepare:\n  source: [s3://raw--use1-az4--x-s3/a/]\n",
            "prepare.source.0: raw--use1-az4--x-s3 is a directory bucket (S3 Express One Zone): it "
            "sends no events and keeps no versions, so no run starts from data there",
        ),
        (
            "prepare:\n  max_usd: 4\nbudget:\n  max_usd: 3\n",
            "run.yaml line 4: budget.max_usd: must be at least prepare.max_usd, which is 4",
        ),
        (
            "task: multi-label-classification\nprepare: {}\n",
            "run.yaml line 2: prepare: a preparation takes one label a record",
        ),
        ("prepare:\n  engine: spark\n", "run.yaml line 2: prepare.engine: should be 'auto'"),
        ("prepare:\n  colums: {}\n", "Did you mean columns?"),
        ("prepare:\n  max_minutes: 0\n", "run.yaml line 2: prepare.max_minutes: should be greater"),
    ],
)
def test_a_mistake_names_line_key_rule_and_fix(text: str, said: str) -> None:
    assert said in problem(text)


def test_a_cap_of_the_preparation_is_held_against_the_stacks_default_too() -> None:
    assert "prepare.max_usd, which is 11" in problem("prepare: {max_usd: 11}\n")


def test_what_says_nothing_new_beside_a_preparation_is_no_mistake() -> None:
    spec = read("prepare: {redact: [email, email]}\ncolumns: {}\ndataset: {keep_splits: true}\n")
    assert spec.dataset.keep_splits
    assert spec.prepare is not None
    assert spec.prepare.redact == ("email",)
