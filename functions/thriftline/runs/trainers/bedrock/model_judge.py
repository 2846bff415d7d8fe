"""An evaluation job with answers that exist already: another model judges them.

Evaluation jobs refuse the ARN of a deployment, so the answers of a run go into a file of their own,
and the job never asks the tuned model. What is measured by the label words themselves, accuracy and
macro-F1, stays the measure: a judge is asked where a person wants reasons.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from thriftline.core.errors import InvalidRunSpecError, UnpricedInstanceError
from thriftline.money.prices import TokenPrice
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.trainers.bedrock.customization_request import tags_of
from thriftline.runs.trainers.bedrock.patterns import check
from thriftline.runs.trainers.bedrock.tokens import WORST_CASE_FACTOR, tokens_of

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
    answers: Sequence[JudgedAnswer], metrics: Sequence[str], price: TokenPrice | None, judge: str
) -> Decimal:
    """Returns what the judge costs at the most, in whole cents.

    Raises:
        UnpricedInstanceError: the judge has no known price.
    """
    if price is None:
        raise UnpricedInstanceError(
            f"The price list has no row for the judge {judge}. Take another one. Nothing was spent."
        )
    read = sum(
        tokens_of(one.prompt) + tokens_of(one.answer) + tokens_of(one.reference) for one in answers
    )
    asked = len(metrics) * (read + len(answers) * _INSTRUCTION_TOKENS)
    said = len(metrics) * len(answers) * _VERDICT_TOKENS
    usd = (asked * price.input_usd + said * price.output_usd) / _MILLION
    return round_up(WORST_CASE_FACTOR * usd)


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
    unknown = [name for name in metrics if name not in METRICS]
    if unknown or not metrics:
        raise InvalidRunSpecError(
            f"A judge has no metric {', '.join(unknown) or 'at all'}; say some of "
            f"{', '.join(METRICS)}. Nothing was spent."
        )
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
