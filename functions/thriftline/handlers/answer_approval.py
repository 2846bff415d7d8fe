"""Lambda: a request for approval is shown or answered, over HTTP or by a direct call."""

from thriftline.core.aws import clients
from thriftline.core.observability import entry_point, logger
from thriftline.runs.schemas.approval import AnswerApprovalRequest, AnswerApprovalResponse
from thriftline.runs.steps.answer_approval import answer_approval, respond
from thriftline.wiring import answers as wiring


@entry_point(AnswerApprovalRequest)
def lambda_handler(request: AnswerApprovalRequest) -> AnswerApprovalResponse:
    """Takes the first valid answer; see ``answer_approval``."""
    now = wiring.now()
    with clients.deadline.within(clients.ANSWER_WITHIN_SECONDS):
        answered = answer_approval(
            request,
            approvals=wiring.approvals_table(),
            executions=wiring.executions(),
            secret=wiring.approval_secret(),
            now=now,
        )
        logger.info("an approval was looked at", outcome=answered.outcome, answer=request.answer)
        return respond(request, answered, artifacts=wiring.artifacts(), now=now)
