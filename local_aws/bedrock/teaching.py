"""Distillation and reinforcement: where the answers come from that an engine then learns.

A teacher of distillation is played by the engine of its id, which answers as an untuned model. The
engines cannot learn from rewards: reinforcement here means that several answers to each prompt are
graded by the job's own Lambda function, and that the best are learned.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from local_aws.bedrock.base_models import BaseModel
from local_aws.bedrock.job import CustomizationJob
from local_aws.bedrock.kinds import DISTILLATION, REINFORCEMENT
from local_aws.bedrock.roles import ServiceRole
from local_aws.bedrock.training_data import JobFailure
from local_aws.bedrock.world import BedrockWorld
from local_aws.generative.conversations import Conversation, Message
from local_aws.generative.stand_in import labels_of
from local_aws.services import bedrock_bill
from local_aws.services.bedrock_store import invalid

_LONGEST_ANSWER = 256
_SAMPLES = 4
# Answers that one call of the grader gets.
_BATCH = 100
_SEED = 13
Look = Callable[[], None]


@dataclass(frozen=True)
class _Candidate:
    """An answer that may be learned."""

    id: str
    record: Conversation
    text: str


def distillation_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a request says of the teacher, nothing where it has none."""
    config = (request.get("customizationConfig") or {}).get("distillationConfig") or {}
    return config.get("teacherModelConfig") or {}


def reinforcement_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a request says of reinforcement."""
    return (request.get("customizationConfig") or {}).get("rftConfig") or {}


def check_configuration(
    request: Mapping[str, Any], kind: str, world: BedrockWorld, region: str, now: datetime
) -> None:
    """Refuse a job without the teacher or the grader of its type, or with those of another.

    Raises:
        AwsError: one is missing, unknown, or not for this type.
    """
    teacher, grader = distillation_of(request), grader_of(request)
    if kind == DISTILLATION:
        if not teacher:
            raise invalid("customizationConfig.distillationConfig is required for DISTILLATION.")
        if _teacher(teacher["teacherModelIdentifier"], world, region, now) is None:
            raise invalid("The provided teacher model identifier is invalid.")
    elif teacher:
        raise invalid(f"customizationConfig.distillationConfig is not for {kind}.")
    if kind == REINFORCEMENT and not grader:
        raise invalid("customizationConfig.rftConfig.graderConfig is required.")
    if kind != REINFORCEMENT and reinforcement_of(request):
        raise invalid(f"customizationConfig.rftConfig is not for {kind}.")


def grader_of(request: Mapping[str, Any]) -> str | None:
    """Return the ARN of the function that grades answers."""
    config = reinforcement_of(request).get("graderConfig") or {}
    arn = (config.get("lambdaGrader") or {}).get("lambdaArn")
    return None if arn is None else str(arn)


def distilled(
    records: Sequence[Conversation], job: CustomizationJob, world: BedrockWorld, look: Look
) -> list[Conversation]:
    """Return the records with the teacher's answers where they had none; bill its tokens.

    Raises:
        JobFailure: the teacher is gone by now.
    """
    config, now = distillation_of(job.request), world.clock.now()
    teacher = _teacher(config["teacherModelIdentifier"], world, job.region, now)
    if teacher is None:
        raise JobFailure("The teacher model is not available any more.")
    engine = world.engine(teacher)
    limit = config.get("maxResponseLengthForInference") or _LONGEST_ANSWER
    found, asked, answered = [], 0, 0
    for record in records:
        look()
        if record.answer:
            found.append(record)
            continue
        answer = engine.answer(None, record.system, record.asked, limit)
        asked += answer.input_tokens
        answered += answer.output_tokens
        found.append(_answered(record, answer.text))
    for what, tokens in ((bedrock_bill.BASE_INPUT, asked), (bedrock_bill.BASE_OUTPUT, answered)):
        world.bill.charge(job.account, job.region, teacher.price_name, what, tokens, now)
    return found


def reinforced(
    records: Sequence[Conversation], job: CustomizationJob, world: BedrockWorld, look: Look
) -> list[Conversation]:
    """Return, for each prompt that got any reward, the answer that got most.

    Raises:
        JobFailure: the grader cannot be called, or does not answer as it must.
    """
    candidates = list(_candidates(records, job, world))
    rewards: dict[str, float] = {}
    for start in range(0, len(candidates), _BATCH):
        look()
        rewards |= _graded(candidates[start : start + _BATCH], job, world)
    best: dict[int, _Candidate] = {}
    for each in candidates:
        known = best.get(id(each.record))
        if rewards[each.id] > (rewards[known.id] if known else 0.0):
            best[id(each.record)] = each
    if not best:
        raise JobFailure("The grader gave no answer any reward: there is nothing to learn.")
    return [_answered(each.record, each.text) for each in best.values()]


def _teacher(model: str, world: BedrockWorld, region: str, now: datetime) -> BaseModel | None:
    return world.models.get(model, region, now) or world.models.by_profile(model, region, now)


def _answered(record: Conversation, text: str) -> Conversation:
    return Conversation(record.system, (*record.asked, Message("assistant", text)))


def _candidates(
    records: Sequence[Conversation], job: CustomizationJob, world: BedrockWorld
) -> list[_Candidate]:
    own = reinforcement_of(job.request).get("hyperParameters") or {}
    limit = int(own.get("inferenceMaxTokens") or _LONGEST_ANSWER)
    samples = int(own.get("trainingSamplePerPrompt") or _SAMPLES)
    engine, random = world.engine(job.base), Random(_SEED)
    found = []
    for number, record in enumerate(records):
        said = engine.answer(None, record.system, record.asked, limit).text
        labels = [each for each in labels_of(record.system) if each != said]
        texts = [said, *random.sample(labels, min(len(labels), samples - 1))]
        found += [_Candidate(f"{number}-{index}", record, text) for index, text in enumerate(texts)]
    return found


def _graded(
    candidates: Sequence[_Candidate], job: CustomizationJob, world: BedrockWorld
) -> dict[str, float]:
    arn = grader_of(job.request) or ""
    role = ServiceRole(job.account, job.request["roleArn"])
    if not role.allows("lambda:InvokeFunction", arn, {"aws:ResourceAccount": job.account}):
        raise JobFailure(f"Could not validate permissions to invoke the grader Lambda {arn}")
    payload = [
        {
            "id": each.id,
            "messages": _messages(each),
            "metadata": {"reference_answer": each.record.answer},
        }
        for each in candidates
    ]
    try:
        answer = world.client("lambda").invoke(
            FunctionName=arn, Payload=json.dumps(payload).encode()
        )
    except ClientError as error:
        raise JobFailure(f"Could not invoke the grader Lambda {arn}: {error}") from error
    body = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise JobFailure(f"The grader Lambda {arn} failed: {body.decode()[:500]}")
    return _rewards(body, {each.id for each in candidates}, arn)


def _messages(candidate: _Candidate) -> list[dict[str, str]]:
    record = candidate.record
    system = [{"role": "system", "content": record.system}] if record.system else []
    asked = [{"role": each.role, "content": each.text} for each in record.asked]
    return [*system, *asked, {"role": "assistant", "content": candidate.text}]


def _rewards(body: bytes, wanted: set[str], arn: str) -> dict[str, float]:
    try:
        found = {str(row["id"]): float(row["aggregate_reward_score"]) for row in json.loads(body)}
    except (ValueError, TypeError, KeyError) as error:
        raise JobFailure(f"The grader Lambda {arn} gave no list of rewards: {error!r}") from error
    if set(found) != wanted or not all(0.0 <= reward <= 1.0 for reward in found.values()):
        raise JobFailure(
            f"The grader Lambda {arn} must give each answer, by its id, a reward from 0 to 1."
        )
    return found
