"""Lambda: grade a model's answers while it learns by reinforcement; Bedrock calls it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from thriftline.core import cold_start
from thriftline.core.observability import logger
from thriftline.runs.trainers.bedrock.grading import grade_answers
from thriftline.runs.trainers.bedrock.grading_documents import GradeRequests


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: list[dict[str, Any]], context: LambdaContext) -> list[dict[str, Any]]:
    """Grades each answer of the list; see ``grade_answers``."""
    grades = grade_answers(GradeRequests.model_validate(event).root)
    return [grade.model_dump(mode="json") for grade in grades]


cold_start.end()
