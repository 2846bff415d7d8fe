"""An evaluation job with answers that exist already: another model judges them.

Evaluation jobs refuse the ARN of a deployment, so the answers of a run go into a file of their own,
and the job never asks the tuned model. What is measured by the label words themselves, accuracy and
macro-F1, stays the measure: a judge is asked where a person wants reasons.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.trainers.bedrock.customization_request import tags_of
from thriftline.runs.trainers.bedrock.patterns import check
from thriftline.runs.trainers.bedrock.tokens import WORST_CASE_FACTOR

OPERATION = "CreateEvaluationJob"
MOST_PROMPTS = 1_000
METRICS = tuple(
    f"Builtin.{name}"
    for name in (
        "Correctness",
        "Completeness",
        "Faithfulness",
        "Helpfulness",
        "Coherence",
        "Relevance",
        "FollowingInstructions",
        "ProfessionalStyleAndTone",
        "Harmfulness",
        "Stereotyping",
        "Refusal",
    )
)
# For each metric the judge reads the record with an instruction and writes a verdict with reasons;
# nobody has measured either, and twice of it is what is held.
_INSTRUCTION_TOKENS, _VERDICT_TOKENS = 800, 300
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class JudgedAnswer:
    """A question, what the model answered, and the word of the right label."""

    prompt: str
    answer: str
    reference: str


def dataset_lines(answers: Iterable[JudgedAnswer], source: str) -> Iterable[bytes]:
    """Yields the file of answers that exist already.

    Args:
        answers: at most ``MOST_PROMPTS``.
        source: what the answers are said to be from; the job names it too.

    Raises:
        InvalidRunSpecError: there are more than a job takes.
    """
    for place, one in enumerate(answers):
        if place >= MOST_PROMPTS:
            raise InvalidRunSpecError(
                f"An evaluation job takes {MOST_PROMPTS:,} prompts at the most; give it a sample. "
                "Nothing was spent."
            )
        document = {
            "prompt": one.prompt,
            "referenceResponse": one.reference,
            "modelResponses": [{"response": one.answer, "modelIdentifier": source}],
        }
        yield json.dumps(document, separators=(",", ":")).encode() + b"\n"


def judge_usd(
    records: int, read_tokens: Decimal, metrics: int, usd: tuple[Decimal, Decimal]
) -> Decimal:
    """Returns what a judge costs at the most, in whole cents.

    Args:
        records: how many answers it reads.
        read_tokens: of one record: question, answer and the right word.
        metrics: how often it reads each.
        usd: for a million tokens, asked and answered.
    """
    asked = metrics * records * (read_tokens + _INSTRUCTION_TOKENS) * usd[0]
    said = metrics * records * _VERDICT_TOKENS * usd[1]
    return round_up(WORST_CASE_FACTOR * (asked + said) / _MILLION)


def require_metrics(metrics: Sequence[str]) -> None:
    """Refuses what is no metric of a judge.

    Raises:
        InvalidRunSpecError: with those that there are.
    """
    unknown = [name for name in metrics if name not in METRICS]
    if unknown or not metrics:
        raise InvalidRunSpecError(
            f"bedrock.judge.metrics: a judge has no metric {', '.join(unknown) or 'at all'}; say "
            f"some of {', '.join(METRICS)}. Nothing was spent."
        )


def evaluation_job_request(
    *,
    job_name: str,
    token: str,
    role_arn: str,
    judge: str,
    metrics: Sequence[str],
    source: str,
    dataset_uri: str,
    output_uri: str,
    tags: Mapping[str, str],
    kms_key_id: str | None = None,
) -> dict[str, Any]:
    """Returns the request of a job in which ``judge`` judges answers that exist already.

    Raises:
        InvalidRunSpecError: Bedrock would refuse it, with each field and its rule.
    """
    require_metrics(metrics)
    request: dict[str, Any] = {
        "jobName": job_name,
        "clientRequestToken": token,
        "roleArn": role_arn,
        "applicationType": "ModelEvaluation",
        "evaluationConfig": {"automated": _automated(judge, metrics, dataset_uri)},
        "inferenceConfig": {
            "models": [{"precomputedInferenceSource": {"inferenceSourceIdentifier": source}}]
        },
        "outputDataConfig": {"s3Uri": output_uri},
        "jobTags": tags_of(tags),
    }
    if kms_key_id:
        request["customerEncryptionKeyId"] = kms_key_id
    check(OPERATION, request)
    return request


def _automated(judge: str, metrics: Sequence[str], dataset_uri: str) -> dict[str, Any]:
    return {
        "datasetMetricConfigs": [
            {
                "taskType": "Classification",
                "dataset": {"name": "answers", "datasetLocation": {"s3Uri": dataset_uri}},
                "metricNames": list(metrics),
            }
        ],
        "evaluatorModelConfig": {"bedrockEvaluatorModels": [{"modelIdentifier": judge}]},
    }
