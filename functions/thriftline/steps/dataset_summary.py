"""What the later steps need of ``dataset.json``, which validation writes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from thriftline.aws.buckets import Bucket
from thriftline.domain.layout import run_prefix
from thriftline.errors import AwsRequestError
from thriftline.schemas.result import ResultDataset, ResultFinding, SplitName


class _View(BaseModel):
    # The document holds much more, above all the places of each finding.
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Finding(_View):
    code: str
    severity: Literal["error", "warning"]
    count: int
    title: str = ""
    mend: str = ""


class DatasetSummary(_View):
    """The verdict and the counts."""

    verdict: Literal["accepted", "accepted_with_warnings", "rejected"]
    rows: int
    splits: dict[SplitName, int]
    labels: dict[str, int]
    findings: tuple[_Finding, ...] = ()
    text_length_median: float | None = None
    text_length_p95: float | None = None


def _body(artifacts: Bucket, run_id: str) -> bytes | None:
    return artifacts.read(f"{run_prefix(run_id)}dataset.json")


def require_dataset(artifacts: Bucket, run_id: str) -> DatasetSummary:
    """Returns the summary.

    Raises:
        AwsRequestError: it is not there.
    """
    body = _body(artifacts, run_id)
    if body is None:
        raise AwsRequestError(f"dataset.json of run {run_id} is missing; validation writes it.")
    return DatasetSummary.model_validate_json(body)


def dataset_result(artifacts: Bucket, run_id: str) -> ResultDataset | None:
    """Returns what the result tells of the data set, None when validation did not come so far."""
    body = _body(artifacts, run_id)
    if body is None:
        return None
    found = DatasetSummary.model_validate_json(body)
    findings = sorted(found.findings, key=lambda one: one.severity)
    return ResultDataset(
        verdict=found.verdict,
        codes=tuple(one.code for one in findings),
        findings=tuple(ResultFinding(**one.model_dump()) for one in findings),
        rows=found.rows,
        splits=found.splits,
        labels=dict(sorted(found.labels.items(), key=lambda item: -item[1])),
        text_length_median=found.text_length_median,
        text_length_p95=found.text_length_p95,
    )
