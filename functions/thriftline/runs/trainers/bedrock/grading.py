"""What an answer is worth to a model that learns by reinforcement: 1 when it is right, else 0.

The same answer always has the same reward. One that is not exactly a label's word is worth nothing:
a reward for it would teach the model to write anything.
"""

from collections.abc import Sequence

from thriftline.runs.trainers.bedrock.answers import normalized
from thriftline.runs.trainers.bedrock.grading_documents import Grade, GradeRequest, RewardMetric

METRIC = "exact_match"


def grade_answers(requests: Sequence[GradeRequest]) -> list[Grade]:
    """Returns one grade for each answer, in their order."""
    return [_grade(request) for request in requests]


def reward_of(answer: str, reference: str) -> float:
    """Returns 1 for the word of the record's label, 0 for all else."""
    expected = normalized(reference)
    return 1.0 if expected and normalized(answer) == expected else 0.0


def _grade(request: GradeRequest) -> Grade:
    reward = reward_of(request.answer, request.reference)
    metric = RewardMetric(name=METRIC, value=reward, type="Reward")
    return Grade(id=request.id, aggregate_reward_score=reward, metrics_list=[metric])
