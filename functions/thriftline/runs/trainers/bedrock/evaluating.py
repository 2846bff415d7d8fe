"""Asks the held-out records, poll by poll, and sums up what was answered."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import ended
from thriftline.runs.domain.endings import Ending
from thriftline.runs.trainers.bedrock.answer_parts import Answer, AnswerParts, Question
from thriftline.runs.trainers.bedrock.answers import parse_answer
from thriftline.runs.trainers.bedrock.asking import Ask, Asked, Request, ask_requests, next_requests
from thriftline.runs.trainers.bedrock.attempt_document import (
    CHAMPION,
    FEW_SHOT,
    TUNED,
    ZERO_SHOT,
    AttemptDocument,
    Serving,
    Usage,
)
from thriftline.runs.trainers.bedrock.conversation import NoReply, Prompt, Reply, Trouble
from thriftline.runs.trainers.bedrock.judging import Judging
from thriftline.runs.trainers.bedrock.prompt import Example, Message, question_with_examples
from thriftline.runs.trainers.bedrock.services import BedrockServices
from thriftline.runs.trainers.bedrock.tokens import CHAT_TOKENS, tokens_of

# Of a poll, whose function has a minute; a call that hangs may take 15 seconds more.
_SECONDS_A_POLL = 30.0
_MINUTE = 60
# What one evaluation may take, however small the quota is; then what was asked has to do.
_LIMIT = timedelta(hours=6)
_LEAST_ANSWERS = 30
# So many answers in a row that are none: the model does not work.
_MOST_ERRORS = 10
_MOST_LISTED = 200
# All deployments of a base model share one quota; the base model has another.
_POOLS = {TUNED: "custom", CHAMPION: "custom", ZERO_SHOT: "base", FEW_SHOT: "base"}


@dataclass(frozen=True)
class Evaluation:
    """The asking of one attempt."""

    services: BedrockServices

    def ask(self, document: AttemptDocument) -> AttemptDocument:
        """Asks for as long as the minute's quota and this poll allow; goes on where it was."""
        parts = AnswerParts(self.services.artifacts, document.layout)
        questions = parts.questions()
        positions = parts.positions(document.targets)
        if positions != document.positions:
            document = counted_again(document, parts, questions)
        document = document.model_copy(update={"positions": positions})
        if min(positions.values()) >= len(questions):
            return self._finished(document, parts, questions)
        if self.services.now() >= document.phase_since + _LIMIT:
            return self._out_of_time(document, parts, questions)
        pools = {target: _POOLS[target] for target in positions}
        requests = next_requests(positions, pools, len(questions), document.requests_per_minute)
        until = self.services.monotonic() + _SECONDS_A_POLL
        asked = ask_requests(
            requests,
            self._asker(document, questions),
            lambda: self.services.monotonic() < until,
        )
        for target, answers in asked.answers.items():
            parts.write(target, answers)
        document = self._counted(document, asked, questions)
        document = self._judged(document, asked)
        if document.phase == "asking" and self._is_done(document, questions):
            return self._finished(document, parts, questions)
        return document.model_copy(update={"look_again_seconds": _next_look(asked, requests)})

    def _is_done(self, document: AttemptDocument, questions: Sequence[Question]) -> bool:
        return all(document.positions[name] >= len(questions) for name in document.targets)

    def _asker(self, document: AttemptDocument, questions: Sequence[Question]) -> Ask:
        examples = AnswerParts(self.services.artifacts, document.layout).examples()
        prompts = {target: _prompts(document, target, examples) for target in document.targets}
        models = {target: _model_of(document, target) for target in document.targets}
        conversation = self.services.conversation()

        def ask(request: Request) -> Reply | NoReply:
            prompt = prompts[request.target](questions[request.place].text)
            said = conversation.ask(models[request.target], prompt)
            if isinstance(said, NoReply) and said.trouble is Trouble.INVALID:
                return replace(said, trouble=_trouble_of_invalid(request))
            return said

        return ask

    def _counted(
        self, document: AttemptDocument, asked: Asked, questions: Sequence[Question]
    ) -> AttemptDocument:
        usage, positions = dict(document.usage), dict(document.positions)
        for target, answers in asked.answers.items():
            usage[target] = _added(usage.get(target, Usage()), answers)
            positions[target] += len(answers)
        unkept = dict(document.unkept)
        for target, (said_in, said_out) in asked.unkept.items():
            before = unkept.get(target, (0, 0))
            unkept[target] = (before[0] + said_in, before[1] + said_out)
        return document.model_copy(
            update={
                "usage": usage,
                "positions": positions,
                "unkept": unkept,
                "question_tokens": _estimate(document, questions, positions[TUNED]),
            }
        )

    def _judged(self, document: AttemptDocument, asked: Asked) -> AttemptDocument:
        """Decides what the troubles of the targets come to."""
        now, model_asked = self.services.now(), document.invocation_at
        for target, said in asked.troubles.items():
            document = document.model_copy(update={"last_trouble": said.reason})
            if target == TUNED:
                document = self._own_trouble(document, said, now)
            elif said.trouble in {Trouble.REFUSED, Trouble.MISSING}:
                document = _rivals_trouble(document, target, said, model_asked)
        document = document.model_copy(update={"errors": _errors(document.errors, asked)})
        if document.phase == "asking" and document.errors >= _MOST_ERRORS:
            return document.ending_as(
                Ending.UNKNOWN_FAILURE,
                f"The tuned model failed on {document.errors} questions in a row: "
                f"{ended(asked.answers[TUNED][-1].stop_reason)}",
                now,
            )
        return document

    def _own_trouble(
        self, document: AttemptDocument, said: NoReply, now: datetime
    ) -> AttemptDocument:
        if said.trouble is Trouble.REFUSED:
            reason = f"Bedrock refuses to ask the tuned model: {said.reason}"
            return document.ending_as(Ending.UNKNOWN_FAILURE, reason, now)
        if said.trouble is Trouble.MISSING and not self._is_deployed(document):
            reason = "The evaluation deployment was deleted while it was asked."
            return document.ending_as(Ending.UNKNOWN_FAILURE, reason, now)
        return document

    def _is_deployed(self, document: AttemptDocument) -> bool:
        found = self.services.deployments().find(document.deployment_arn or "")
        return found is not None

    def _out_of_time(
        self, document: AttemptDocument, parts: AnswerParts, questions: Sequence[Question]
    ) -> AttemptDocument:
        """Goes on with what was asked: the order is a seeded one, so it is a sample."""
        least = min(_LEAST_ANSWERS, len(questions))
        if document.positions[TUNED] < least:
            return document.ending_as(
                Ending.QUOTA,
                f"Only {document.positions[TUNED]} of {len(questions)} test records could be asked "
                f"in {_LIMIT.total_seconds() / 3600:.0f} hours: "
                f"{ended(document.last_trouble or 'the quota of requests a minute is too small')}",
                self.services.now(),
            )
        for target in document.targets:
            if document.positions[target] < least:
                document = document.skipping(target, "Too few of its answers came in time.")
        return self._finished(document, parts, questions)

    def _finished(
        self, document: AttemptDocument, parts: AnswerParts, questions: Sequence[Question]
    ) -> AttemptDocument:
        document = self._with_the_champion_that_was_meant(document)
        answers = {target: list(parts.read(target)) for target in _POOLS}
        document = counted_again(document, parts, questions, answers)
        asked = min(len(answers[target]) for target in document.targets)
        summary = summary_of(document, questions, answers, asked)
        jobs = self.services.evaluation_jobs
        if document.judge is not None and jobs is not None:
            judging = Judging(self.services.artifacts, jobs())
            own = answers[TUNED][:asked]
            summary["judge"] = judging.begin(document, document.judge, questions, own)
            document = document.model_copy(update={"judge_job": summary["judge"].get("job")})
        self.services.artifacts.write_json(
            document.layout.summary, json.dumps(summary, indent=1, ensure_ascii=False)
        )
        return document.ending_as(
            Ending.COMPLETED,
            f"The customization completed, and {asked} of {document.sample.test_of} test records "
            "were asked.",
            self.services.now(),
        )

    def _with_the_champion_that_was_meant(self, document: AttemptDocument) -> AttemptDocument:
        """Leaves out a champion whose standing deployment changed to another model meanwhile."""
        champion = document.champion
        if champion is None or champion.is_own or CHAMPION not in document.targets:
            return document
        found = self.services.deployments().find(champion.deployment_arn or "")
        if found is not None and found.model_arn == champion.model_arn and not found.is_updating:
            return document
        return document.skipping(
            CHAMPION, "Its deployment changed to another model while it was asked."
        )


def counted_again(
    document: AttemptDocument,
    parts: AnswerParts,
    questions: Sequence[Question] | None = None,
    answers: Mapping[str, Sequence[Answer]] | None = None,
) -> AttemptDocument:
    """Counts the tokens anew from the answers that are kept, ``answers`` where they were read.

    A poll that dies keeps answers that its document does not count. What was skipped later was paid
    for all the same. Without ``questions``, which are deleted with the run's scratch, those of the
    answers that nobody counted are taken to be as long as the others.
    """
    answers = answers or {target: list(parts.read(target)) for target in _POOLS}
    usage = {}
    for target, given in answers.items():
        if not given and target not in document.unkept:
            continue
        asked_again = document.unkept.get(target, (0, 0))
        before = Usage(input_tokens=asked_again[0], output_tokens=asked_again[1])
        usage[target] = _added(before, given)
    answered, counted = len(answers[TUNED]), document.usage.get(TUNED, Usage()).answers
    if questions is not None:
        estimate = _estimate(document, questions, answered)
    else:
        estimate = document.question_tokens * answered // counted if counted else 0
    return document.model_copy(update={"usage": usage, "question_tokens": estimate})


def summary_of(
    document: AttemptDocument,
    questions: Sequence[Question],
    answers: Mapping[str, Sequence[Answer]],
    asked: int,
) -> dict[str, Any]:
    """Returns ``answers.json``: what was asked, of how many, and what could not be counted."""
    own = list(answers[TUNED])[:asked]
    words = document.serving.label_words
    unparsed = [one for one in own if parse_answer(one.text, words) is None]
    used = document.sample
    return {
        "asked": asked,
        "of": used.test_of,
        "unparsed_count": len(unparsed),
        "unparsed": [
            {
                "id": questions[one.place].id,
                "label": questions[one.place].label,
                "answer": one.text,
                "stop_reason": one.stop_reason,
            }
            for one in unparsed[:_MOST_LISTED]
        ],
        "stop_reasons": dict(Counter(one.stop_reason for one in own)),
        "input_tokens": sum(one.input_tokens for one in own),
        "output_tokens": sum(one.output_tokens for one in own),
        "skipped": dict(document.skipped),
        "sample": used.model_dump(mode="json"),
        "targets": {
            target: {
                "answers": len(given),
                "unparsed": _unparsed(given, serving_of(document, target).label_words),
                "input_tokens": sum(one.input_tokens for one in given),
                "output_tokens": sum(one.output_tokens for one in given),
            }
            for target, given in answers.items()
            if given
        },
    }


def _unparsed(answers: Sequence[Answer], words: Mapping[str, str]) -> int:
    return sum(parse_answer(one.text, words) is None for one in answers)


def _added(usage: Usage, answers: Sequence[Answer]) -> Usage:
    return Usage(
        answers=usage.answers + len(answers),
        input_tokens=usage.input_tokens + sum(one.input_tokens for one in answers),
        output_tokens=usage.output_tokens + sum(one.output_tokens for one in answers),
    )


def _estimate(document: AttemptDocument, questions: Sequence[Question], asked: int) -> int:
    system = tokens_of(document.serving.system_prompt) + CHAT_TOKENS
    return sum(system + tokens_of(one.text) for one in questions[:asked])


def serving_of(document: AttemptDocument, target: str) -> Serving:
    """Returns how a target is asked: the champion as its own run has trained it."""
    champion = document.champion
    if target == CHAMPION and champion is not None and champion.serving is not None:
        return champion.serving
    return document.serving


def _prompts(document: AttemptDocument, target: str, examples: tuple[Example, ...]) -> "_PromptOf":
    return _PromptOf(serving_of(document, target), examples if target == FEW_SHOT else ())


@dataclass(frozen=True)
class _PromptOf:
    serving: Serving
    examples: tuple[Example, ...]

    def __call__(self, text: str) -> Prompt:
        turns = question_with_examples(text, self.examples, self.serving.label_words)
        before = [_message(turn) for turn in turns[:-1]]
        return Prompt(self.serving.system_prompt, text, self.serving.max_tokens, before)


def _message(turn: Message) -> dict[str, Any]:
    return {"role": turn.role, "content": [{"text": turn.text}]}


def _model_of(document: AttemptDocument, target: str) -> str:
    champion = document.champion
    if target == TUNED:
        return document.deployment_arn or ""
    if target == CHAMPION:
        return (champion.deployment_arn if champion else None) or ""
    return document.invocation_models[document.invocation_at]


def _errors(before: int, asked: Asked) -> int:
    """Returns on how many of its last questions the tuned model has failed, one after the other."""
    for answer in asked.answers.get(TUNED, ()):
        before = before + 1 if answer.stop_reason.startswith("error:") else 0
    return before


def _trouble_of_invalid(request: Request) -> Trouble:
    """Tells a question that is refused from a base model that must be asked by another id.

    What is asked by its deployment, or has answered before, can be asked.
    """
    is_base = _POOLS[request.target] == "base"
    return Trouble.REFUSED if is_base and request.place == 0 else Trouble.FAULT


def _rivals_trouble(
    document: AttemptDocument, target: str, said: NoReply, model_asked: int
) -> AttemptDocument:
    """Goes on without a rival; the base model may answer by its other id."""
    if target == CHAMPION:
        return document.skipping(target, said.reason)
    if document.invocation_at != model_asked:
        return document
    further = document.invocation_at + 1
    if document.positions.get(target, 0) == 0 and further < len(document.invocation_models):
        return document.model_copy(update={"invocation_at": further})
    return document.skipping(target, said.reason)


def _next_look(asked: Asked, requests: Sequence[Request]) -> int:
    """Returns when to go on: in a minute, or at once where only the poll's time was up."""
    busy = any(said.trouble is not Trouble.REFUSED for said in asked.troubles.values())
    return _MINUTE if busy or asked.requests >= len(requests) else 0
