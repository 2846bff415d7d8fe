"""What a run of some files would cost, without AWS."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import (
    DatasetRejectedError,
    InvalidRunSpecError,
    UnknownInstanceTypeError,
)
from thriftline.runs.reports.estimate_page import estimate_page
from thriftline.runs.reports.range_chart import UsdRange, range_chart
from thriftline.runs.schemas.estimate import EstimatedData, EstimateDocument, EstimateRequest
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.steps.estimate_files import estimate_files
from thriftline.wiring.preparation_quotes import quoting_engines, settings_of
from thriftline.wiring.quoters import quoters

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def csv(rows: int, kind: str = "film") -> str:
    lines = [f"the {number}th {kind},{('good', 'bad')[number % 2]}" for number in range(rows)]
    return "\n".join(["text,label", *lines, ""])


def estimate(
    *files: Path,
    run_yaml: Path | None = None,
    max_usd: str = "10.00",
    trainers: tuple[str, ...] = ("sagemaker", "bedrock"),
) -> EstimateDocument:
    request = EstimateRequest(
        files=files,
        run_yaml=run_yaml,
        base_model="distilbert/distilbert-base-uncased",
        instance_type="ml.g5.xlarge",
        max_usd=Decimal(max_usd),
        trainers=trainers,
        engines=("emr_serverless", "sagemaker_processing"),
        preparation_max_vcpus=64,
        spark_processing_image="3.5",
    )
    nobody: Any = None
    return estimate_files(
        request,
        quoters=quoters("us-east-1", NOW.date()),
        engines=quoting_engines(settings_of(request, "us-east-1"), Bucket(nobody, "nowhere")),
        region="us-east-1",
        now=NOW,
    )


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_text(csv(1_000))
    return path


def plan_of(found: EstimateDocument) -> Plan:
    assert found.plan is not None
    return found.plan


def data_of(found: EstimateDocument) -> EstimatedData:
    assert found.data is not None
    return found.data


def test_a_file_is_validated_and_planned_as_a_run_would_be(reviews: Path) -> None:
    found = estimate(reviews)

    assert data_of(found).rows == 1_000
    assert sum(data_of(found).splits.values()) == 1_000
    assert found.refusal is None
    plan = plan_of(found)
    assert plan.expected_low_usd is not None
    assert plan.expected_usd is not None
    assert plan.expected_high_usd is not None
    assert Decimal(0) < plan.expected_low_usd <= plan.expected_usd <= plan.expected_high_usd
    assert plan.expected_high_usd <= plan.allowance_usd <= plan.cap_usd
    usd = [one.expected_usd for one in plan.quotes]
    assert usd == sorted(one for one in usd if one is not None)
    assert EstimateDocument.model_validate_json(found.model_dump_json()) == found


def test_splits_in_files_of_their_own_are_read_as_such(tmp_path: Path) -> None:
    for name, rows in (("train", 800), ("validation", 100), ("test", 200)):
        (tmp_path / f"{name}.csv").write_text(csv(rows, name))

    found = estimate(*sorted(tmp_path.iterdir()))

    assert data_of(found).splits == {"train": 800, "validation": 100, "test": 200}
    assert set(data_of(found).files) == {"train.csv", "validation.csv", "test.csv"}


def test_run_yaml_chooses_the_type_and_the_cap(reviews: Path, tmp_path: Path) -> None:
    run_yaml = tmp_path / "run.yaml"
    run_yaml.write_text("training:\n  instance_type: ml.g6e.xlarge\nbudget:\n  max_usd: 0.10\n")

    found = estimate(reviews, run_yaml=run_yaml)

    assert [one.name for one in plan_of(found).quotes if one.chosen] == ["ml.g6e.xlarge"]
    assert found.refusal is not None
    assert "passes the cap budget.max_usd of 0.1 USD" in found.refusal


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("trainig: {}\n", r"run\.yaml line 1: unknown key trainig.*Did you mean training"),
        (
            "training:\n  instance_type: ml.g5.huge!\n",
            r"run\.yaml line 2: training\.instance_type",
        ),
    ],
)
def test_a_bad_run_yaml_is_refused_with_its_line(
    reviews: Path, tmp_path: Path, body: str, said: str
) -> None:
    run_yaml = tmp_path / "run.yaml"
    run_yaml.write_text(body)

    with pytest.raises(InvalidRunSpecError, match=said):
        estimate(reviews, run_yaml=run_yaml)


def test_a_type_that_does_not_exist_is_refused(reviews: Path, tmp_path: Path) -> None:
    run_yaml = tmp_path / "run.yaml"
    run_yaml.write_text("training: {instance_type: ml.p5.12xlarge}\n")

    with pytest.raises(UnknownInstanceTypeError, match=r"no instance called ml\.p5\.12xlarge"):
        estimate(reviews, run_yaml=run_yaml)


def test_bad_data_are_refused_with_file_line_and_fix(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    lines = csv(100).splitlines()
    lines[7] = "no label here,"
    path.write_text("\n".join(lines))

    with pytest.raises(DatasetRejectedError, match=r"bad\.csv, line 8, field label.*Fill in"):
        estimate(path)


def test_a_file_of_no_known_format_is_refused_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "reviews.xlsx"
    path.write_bytes(b"PK")

    with pytest.raises(InvalidRunSpecError, match="save the sheet as CSV"):
        estimate(path)


def test_files_whose_split_is_not_known_are_refused(reviews: Path, tmp_path: Path) -> None:
    other = tmp_path / "more.csv"
    other.write_text(csv(10))

    with pytest.raises(InvalidRunSpecError, match=r"named for its split, such as train\.csv"):
        estimate(reviews, other)


def test_the_page_shows_the_range_and_what_cannot_be_told_apart(reviews: Path) -> None:
    found = estimate(reviews)

    page = estimate_page(found)

    assert f"Probably ${plan_of(found).expected_usd}" in page
    assert "not distinguishable from" in page
    assert page.count('class="type"') == len(plan_of(found).quotes)
    assert "<script" not in page
    assert "run.yaml" in page


def test_a_refusal_is_what_the_page_says_first(reviews: Path) -> None:
    page = estimate_page(estimate(reviews, max_usd="0.05"))

    assert "It would be refused as it is" in page
    assert "over the cap" in page


def test_a_model_of_unknown_size_has_a_page_without_a_chart(reviews: Path, tmp_path: Path) -> None:
    run_yaml = tmp_path / "run.yaml"
    run_yaml.write_text("base_model: someone/unheard-of\n")

    page = estimate_page(estimate(reviews, run_yaml=run_yaml))

    assert "What to expect is not known" in page
    assert "What each choice would cost" not in page


def test_the_bars_are_drawn_without_a_script_the_cheapest_on_top() -> None:
    two = [
        UsdRange("ml.a.xlarge", Decimal("0.10"), Decimal("0.15"), Decimal("0.30")),
        UsdRange("ml.b.xlarge", Decimal("1"), Decimal("2"), Decimal("3"), chosen=True),
    ]

    chart = range_chart(two)

    assert chart is not None
    root = ElementTree.fromstring(str(chart.svg))
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {"ml.a.xlarge", "ml.b.xlarge"} <= set(texts)
    assert "script" not in str(chart.svg)
    assert str(chart.svg) == str(range_chart(two).svg)  # type: ignore[union-attr]
    assert range_chart([]) is None


def test_a_training_plan_is_priced_as_paid_for_and_what_is_not_known_is_said(
    reviews: Path, tmp_path: Path
) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/november"
    run_yaml = tmp_path / "run.yaml"
    training = "training: {instance_type: ml.p4d.24xlarge, training_plan: 'ARN'}\n"
    run_yaml.write_text(training.replace("ARN", arn))

    found = estimate(reviews, run_yaml=run_yaml, trainers=("sagemaker",))

    assert found.refusal is None
    (rung,) = plan_of(found).rungs
    assert (rung.name, rung.rate.usd) == ("1 x ml.p4d.24xlarge, prepaid", Decimal(0))
    assert plan_of(found).worst_case_usd < Decimal("0.10")
    (said,) = [text for text in plan_of(found).warnings if "training plan november" in text]
    assert "An estimate asks no account" in said
    assert "has 1 x ml.p4d.24xlarge free" in said

    run_yaml.write_text(training.replace("ARN", arn.replace("us-east-1", "eu-west-1")))
    with pytest.raises(InvalidRunSpecError, match="is in eu-west-1, and the run is in us-east-1"):
        estimate(reviews, run_yaml=run_yaml, trainers=("sagemaker",))


def prepared(reviews: Path, tmp_path: Path, spec: str) -> EstimateDocument:
    run_yaml = tmp_path / "run.yaml"
    run_yaml.write_text(spec)
    found = estimate(reviews, run_yaml=run_yaml)
    # The rows are not known, so nothing of the training is.
    assert found.data is None
    assert found.plan is None
    assert EstimateDocument.model_validate_json(found.model_dump_json()) == found
    return found


def test_raw_data_has_the_price_of_its_preparation_and_none_of_its_training(
    reviews: Path, tmp_path: Path
) -> None:
    found = prepared(reviews, tmp_path, "prepare: {engine: auto, max_minutes: 30}\n")
    assert found.refusal is None
    quote = found.preparation
    assert quote is not None
    assert quote.engine == "emr_serverless"
    assert quote.likely_usd is not None
    assert quote.worst_usd is not None
    assert quote.most_usd is not None
    assert quote.worst_usd < quote.most_usd <= 2 * quote.worst_usd
    assert Decimal(0) < quote.likely_usd < quote.worst_usd < Decimal("10.00")
    assert set(quote.left_out) == {"local", "databricks", "sagemaker_processing"}
    assert "not known before" in quote.training_unknown
    page = estimate_page(found)
    for said in ("Its preparation: probably $", "Unknown.", "emr_serverless"):
        assert said in page


def test_raw_files_that_are_passed_over_are_refused_where_there_are_no_others(
    reviews: Path, tmp_path: Path
) -> None:
    other = "jsonl" if reviews.suffix == ".csv" else "csv"
    with pytest.raises(DatasetRejectedError, match=rf"no {other}, which prepare.format names"):
        prepared(reviews, tmp_path, f"prepare: {{engine: auto, format: {other}}}\n")


@pytest.mark.parametrize(
    ("spec", "why", "is_priced"),
    [
        ("prepare: {engine: emr_serverless, max_usd: 0.10}\n", "prepare.max_usd leaves 0.10", True),
        ("prepare: {engine: databricks}\n", "databricks cannot do it", False),
        ("prepare: {engine: auto, max_usd: 0.01}\n", "No engine can prepare", False),
    ],
)
def test_a_preparation_that_would_be_refused_says_why_and_what_is_unknown_is_none(
    reviews: Path, tmp_path: Path, spec: str, why: str, is_priced: bool
) -> None:
    found = prepared(reviews, tmp_path, spec)
    assert why in (found.refusal or "")
    assert found.preparation is not None
    assert (found.preparation.worst_usd is not None) is is_priced
    assert (found.preparation.likely_usd is not None) is is_priced
    assert "It would be refused" in estimate_page(found)


def test_an_estimate_says_why_a_cheaper_type_is_not_taken(tmp_path: Path) -> None:
    data, run_yaml = tmp_path / "reviews.csv", tmp_path / "run.yaml"
    data.write_text(csv(600))
    found = estimate(data)
    assert found.choice is not None
    assert "DefaultInstanceType" in found.choice
    assert "training.instance_type: ml.g4dn.xlarge" in found.choice
    assert found.not_asked is not None
    assert found.choice.partition(".")[0] in estimate_page(found)
    run_yaml.write_text("training: {instance_type: ml.g4dn.xlarge}\n")
    assert estimate(data, run_yaml=run_yaml).choice is None, "it is the cheapest"
