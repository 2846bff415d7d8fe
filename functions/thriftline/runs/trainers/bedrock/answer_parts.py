"""Answers as they are kept: in parts, so that a poll whose reply is lost asks one part again."""

import json
from collections.abc import Iterator, Mapping, Sequence

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.runs.trainers.bedrock.layout import AttemptLayout, span_of
from thriftline.runs.trainers.bedrock.prompt import Example


@dataclass(frozen=True)
class Question:
    """One record of the test split that is asked."""

    id: str
    label: str
    text: str


@dataclass(frozen=True)
class Answer:
    """What a target said to the question at a place of the order, and what that took."""

    place: int
    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int


class AnswerParts:
    """The answers of one attempt in the artifacts bucket."""

    def __init__(self, artifacts: Bucket, layout: AttemptLayout) -> None:
        self._artifacts = artifacts
        self._layout = layout

    def write_questions(self, questions: Sequence[Question]) -> None:
        """Keeps what is to be asked, in the order of asking."""
        lines = [
            json.dumps({"id": one.id, "label": one.label, "text": one.text}) for one in questions
        ]
        self._artifacts.write(
            self._layout.questions, "\n".join(lines).encode(), "application/jsonlines"
        )

    def write_examples(self, examples: Sequence[Example]) -> None:
        """Keeps the worked examples, which are texts of the data set, as long as the questions."""
        lines = [json.dumps({"text": one.text, "label": one.label}) for one in examples]
        self._artifacts.write(
            self._layout.examples, "\n".join(lines).encode(), "application/jsonlines"
        )

    def examples(self) -> tuple[Example, ...]:
        """Returns the worked examples, none where the run wants none."""
        body = self._artifacts.read(self._layout.examples) or b""
        return tuple(Example(**json.loads(line)) for line in body.splitlines())

    def questions(self) -> list[Question]:
        """Returns what is to be asked."""
        body = self._artifacts.read_required(self._layout.questions, "Start training")
        return [Question(**json.loads(line)) for line in body.splitlines()]

    def positions(self, targets: Sequence[str]) -> dict[str, int]:
        """Returns how many questions each target has answered without a gap."""
        reached = dict.fromkeys(targets, 0)
        for target, spans in self._spans().items():
            for first, after, _ in spans:
                if target in reached and first <= reached[target]:
                    reached[target] = max(reached[target], after)
        return reached

    def write(self, target: str, answers: Sequence[Answer]) -> None:
        """Keeps a target's answers to questions that follow each other."""
        if not answers:
            return
        lines = [
            json.dumps(
                {
                    "place": one.place,
                    "text": one.text,
                    "stop_reason": one.stop_reason,
                    "input_tokens": one.input_tokens,
                    "output_tokens": one.output_tokens,
                }
            )
            for one in answers
        ]
        key = self._layout.part(target, answers[0].place, answers[-1].place + 1)
        self._artifacts.write(key, "\n".join(lines).encode(), "application/jsonlines")

    def read(self, target: str) -> Iterator[Answer]:
        """Yields a target's answers in order; what two polls both asked is there once."""
        reached = 0
        for first, _, key in self._spans().get(target, []):
            if first > reached:
                return
            body = self._artifacts.read_required(key, "Poll training")
            for line in body.splitlines():
                answer = Answer(**json.loads(line))
                if answer.place == reached:
                    yield answer
                    reached += 1

    def _spans(self) -> Mapping[str, list[tuple[int, int, str]]]:
        spans: dict[str, list[tuple[int, int, str]]] = {}
        for found in self._artifacts.list(self._layout.answers):
            span = span_of(found.key)
            target = found.key.removeprefix(self._layout.answers).partition("/")[0]
            if span is not None:
                spans.setdefault(target, []).append((*span, found.key))
        return {target: sorted(parts) for target, parts in spans.items()}
