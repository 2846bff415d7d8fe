"""The kinds of customization: what a request calls them, and what it says besides the data.

Fine-tuning learns from labels. Distillation learns from what a teacher answers to the same texts,
reinforcement from what a grader makes of the model's own answers. All three leave a custom model
that is deployed, asked and evaluated in the same way.
"""

from collections.abc import Mapping
from typing import Any

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.families import BaseModel, Customization

REQUEST_TYPES: Mapping[Customization, str] = {
    "fine_tuning": "FINE_TUNING",
    "distillation": "DISTILLATION",
    "reinforcement": "REINFORCEMENT_FINE_TUNING",
    "continued_pre_training": "CONTINUED_PRE_TRAINING",
}
# Bedrock may ask a teacher for as many answers, of prompts that it makes from few.
MOST_DISTILLED = 15_000


def teacher_of(model: BaseModel, named: str | None) -> str:
    """Returns the teacher of a distillation.

    Raises:
        InvalidRunSpecError: the base model is not taught by the one that is named.
    """
    if named is None:
        return model.teachers[0]
    if named in model.teachers:
        return named
    raise InvalidRunSpecError(
        f"bedrock.teacher: {model.id} is not taught by {named!r} but by "
        f"{' or '.join(model.teachers)}. Nothing was spent."
    )


def configuration(
    customization: Customization,
    *,
    teacher: str | None = None,
    max_tokens: int | None = None,
    grader_arn: str | None = None,
    numbers: Mapping[str, int | float] | None = None,
) -> dict[str, Any] | None:
    """Returns ``customizationConfig`` of a request, None where its kind has none.

    Args:
        customization: the kind.
        teacher: of a distillation.
        max_tokens: what an answer may have.
        grader_arn: the Lambda function that grades answers, for reinforcement.
        numbers: the hyperparameters of reinforcement, by Bedrock's names.

    Raises:
        InvalidRunSpecError: the stack has no grader.
    """
    if customization == "distillation":
        told = {"teacherModelIdentifier": teacher, "maxResponseLengthForInference": max_tokens}
        return {"distillationConfig": {"teacherModelConfig": told}}
    if customization != "reinforcement":
        return None
    if not grader_arn:
        raise InvalidRunSpecError(
            "bedrock.customization: the stack has no function that grades answers, which "
            "reinforcement needs. Deploy it with bedrock among its Trainers. Nothing was spent."
        )
    return {
        "rftConfig": {
            "graderConfig": {"lambdaGrader": {"lambdaArn": grader_arn}},
            "hyperParameters": {"inferenceMaxTokens": max_tokens, **(numbers or {})},
        }
    }
