"""Lambda: messages of a queue are posted to a chat."""

import time

from thriftline.core.observability import entry_point, logger
from thriftline.messages.domain.delivery import Answer
from thriftline.messages.schemas.queue import PostMessageRequest, PostMessageResponse
from thriftline.messages.steps.post_message import post_messages
from thriftline.wiring import messages as wiring


def _report(kind: str, answer: Answer, tries: int) -> None:
    if answer.is_there:
        logger.info("A message was posted", kind=kind, tries=tries)
        return
    logger.warning(
        "A message was not posted",
        kind=kind,
        status=answer.status,
        reason=answer.reason,
        tries=tries,
    )


@entry_point(PostMessageRequest)
def lambda_handler(request: PostMessageRequest) -> PostMessageResponse:
    """Posts a batch; what was not taken stays in its queue. See ``post_messages``."""
    return post_messages(
        request,
        chat_of=wiring.chat_of,
        queues=wiring.queues(),
        report=_report,
        pause=time.sleep,
        now=wiring.now(),
    )
