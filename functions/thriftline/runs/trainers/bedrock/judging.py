"""Hands a sample of the answers to another model that judges them: a report of its own.

It is asked for once, when all answers are there, and nothing waits for it: what counts for the gate
are the labels. Bedrock writes the judge's report under the attempt's prefix. A judge that Bedrock
refuses is noted in ``answers.json`` and fails no run.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from thriftline.core.aws.clients import translated
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError
from thriftline.runs.trainers.bedrock.answer_parts import Answer, Question
from thriftline.runs.trainers.bedrock.attempt_document import AttemptDocument, Judge
from thriftline.runs.trainers.bedrock.model_judge import (
    OPERATION,
    JudgedAnswer,
    dataset_lines,
    evaluation_job_request,
)
from thriftline.runs.trainers.bedrock.names import client_token
from thriftline.runs.trainers.bedrock.patterns import check

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

    from thriftline.core.aws.buckets import Bucket

# What the file says its answers are from, and the job asks for.
SOURCE = "tuned"


class EvaluationJobs:
    """The evaluation jobs of one account and region."""

    def __init__(self, client: "BedrockClient") -> None:
        self._client = client

    def create(self, request: dict[str, Any]) -> str:
        """Asks for a job and returns its ARN; the same token makes none twice."""
        check(OPERATION, request)
        with translated(f"making evaluation job {request['jobName']}"):
            return self._client.create_evaluation_job(**request)["jobArn"]


@dataclass(frozen=True)
class Judging:
    """The judge of one attempt's answers."""

    artifacts: "Bucket"
    jobs: EvaluationJobs

    def begin(
        self,
        document: AttemptDocument,
        judge: Judge,
        questions: Sequence[Question],
        answers: Sequence[Answer],
    ) -> dict[str, Any]:
        """Returns what ``answers.json`` says of the judge: its job and report, or its trouble."""
        words = document.serving.label_words
        judged = [
            JudgedAnswer(
                prompt=f"{document.serving.system_prompt}\n\n{questions[one.place].text}",
                answer=one.text,
                reference=words[questions[one.place].label],
            )
            for one in answers[: judge.records]
        ]
        layout, uri = document.layout, self.artifacts.uri
        told = {"model": judge.model, "metrics": list(judge.metrics), "answers": len(judged)}
        try:
            body = b"".join(dataset_lines(judged, SOURCE))
            self.artifacts.write(layout.judged_answers, body, "application/jsonlines")
            arn = self.jobs.create(
                evaluation_job_request(
                    job_name=f"{document.name}-judge"[:63].rstrip("-"),
                    token=client_token(document.run_id, document.name, "judge"),
                    role_arn=judge.role_arn,
                    judge=judge.model,
                    metrics=judge.metrics,
                    source=SOURCE,
                    dataset_uri=uri(layout.judged_answers),
                    output_uri=uri(layout.judge_report),
                    tags=judge.tags,
                )
            )
        except ThriftlineError as error:
            return {**told, "trouble": str(error)}
        return {
            **told,
            "job": arn,
            "report": uri(layout.judge_report),
            "at_most_usd": str(judge.usd),
        }
