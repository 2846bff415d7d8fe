"""A stand-in for models whose weights nobody has here, under a name that says so.

What it answers comes from a small classifier, really trained on the job's own file, and from rates
that are declared when it is made: how often a tuned model names a wrong label, how often it says
something that is no label, and how often the base model does. None of it says anything about Nova.
"""

import itertools
import math
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from local_aws.generative.conversations import Answer, Conversation, Message, StepMetrics
from local_aws.generative.port import GenerativeError

NAME = "local.stand-in"
FILE = "stand_in.npz"
MOST_ANSWERS = 500
_FEATURES = 4096
_BATCH = 8
# Nova's default learning rate, and the step of the small classifier that stands for it.
_USUAL_RATE = 1e-5
_USUAL_STEP = 0.3
_CHARACTERS_OF_A_TOKEN = 4
_WORD = re.compile(r"\w+")
# "The labels are: a, b, c. Answer …" or lines "- a": how a system text lists its labels.
_LIST_ITEM = re.compile(r"^\s*[-*]\s*(\S.*?)\s*$", re.MULTILINE)
_AFTER_COLON = re.compile(r":\s*([^:\n]*?,[^:\n]*?)(?:\.(?=\s+[A-Z]|\s*$)|$)", re.MULTILINE)
_CHATTER = (
    "I would say that this text is about {word}, but it depends.",
    "That is a great question! Let me think about {word}.",
    "The text that you gave me mentions {word} in several ways.",
)

Array = np.ndarray[Any, np.dtype[Any]]


class StandIn:
    """Engine of `local.stand-in`: milliseconds, the same answer to the same question."""

    name = NAME

    def __init__(
        self,
        *,
        error_rate: float = 0.02,
        unparsed_rate: float = 0.0,
        base_unparsed_rate: float = 0.95,
        few_shot_unparsed_rate: float = 0.3,
    ) -> None:
        self.error_rate = error_rate
        self.unparsed_rate = unparsed_rate
        self.base_unparsed_rate = base_unparsed_rate
        self.few_shot_unparsed_rate = few_shot_unparsed_rate

    def fine_tune(
        self,
        records: Sequence[Conversation],
        epochs: int,
        learning_rate: float,
        seed: int,
        folder: Path,
        report: Callable[[StepMetrics], None],
    ) -> None:
        """Train the classifier; each answer of the file is a class."""
        answers = sorted({record.answer for record in records})
        if len(answers) < 2:
            raise GenerativeError(f"{NAME} needs two different answers and got {len(answers)}.")
        if len(answers) > MOST_ANSWERS:
            raise GenerativeError(
                f"{NAME} takes at most {MOST_ANSWERS} different answers and got {len(answers)}."
            )
        step = min(1.0, _USUAL_STEP * learning_rate / _USUAL_RATE)
        classifier = _Classifier(answers)
        classifier.train(records, epochs, step, np.random.default_rng(seed), report)
        np.savez(
            folder / FILE,
            weights=classifier.weights,
            answers=np.array(answers),
            seed=np.array(seed),
        )

    def loss(self, folder: Path | None, records: Sequence[Conversation]) -> float:
        """Return the classifier's loss; the base model's is that of a uniform guess."""
        if folder is None:
            return math.log(max(2, len({record.answer for record in records})))
        return _load(folder)[0].loss(records)

    def answer(
        self, folder: Path | None, system: str, messages: Sequence[Message], max_tokens: int
    ) -> Answer:
        """Answer the last message by classifier and declared rates."""
        asked = messages[-1].text
        if folder is None:
            said = self._base_answer(system, messages)
        else:
            classifier, seed = _load(folder)
            said = self._tuned_answer(classifier, asked, f"{seed} {system}")
        written = system + "".join(message.text for message in messages)
        return _limited(said, tokens_of(written), max_tokens)

    def close(self) -> None:
        """Do nothing: no process runs."""

    def _tuned_answer(self, classifier: "_Classifier", asked: str, salt: str) -> str:
        best = classifier.ranked(asked)
        drawn = _draw(f"{salt} {asked}")
        if drawn < self.unparsed_rate:
            return _chatter(asked)
        wrong = drawn < self.unparsed_rate + self.error_rate
        return best[1 if wrong else 0]

    def _base_answer(self, system: str, messages: Sequence[Message]) -> str:
        asked = messages[-1].text
        shown = sorted({each.text for each in messages if each.role == "assistant"})
        labels = shown or labels_of(system)
        unparsed = self.few_shot_unparsed_rate if shown else self.base_unparsed_rate
        if not labels or _draw(f"{system} {asked}") < unparsed:
            return _chatter(asked)
        return labels[zlib.crc32(asked.encode()) % len(labels)]


class _Classifier:
    """Softmax regression over hashed words and pairs of words."""

    def __init__(self, answers: Sequence[str], weights: Array | None = None) -> None:
        self.answers = list(answers)
        self.weights = np.zeros((_FEATURES, len(answers))) if weights is None else weights

    def train(
        self,
        records: Sequence[Conversation],
        epochs: int,
        step_size: float,
        random: np.random.Generator,
        report: Callable[[StepMetrics], None],
    ) -> None:
        numbers = {answer: number for number, answer in enumerate(self.answers)}
        classes = [numbers[record.answer] for record in records]
        features = [_features(record.asked[-1].text) for record in records]
        seen = np.full(self.weights.shape, 1e-6)
        step = 0
        for epoch in range(epochs):
            order = random.permutation(len(records))
            for start in range(0, len(order), _BATCH):
                batch = order[start : start + _BATCH]
                losses = [self._learn(features[i], classes[i], step_size, seen) for i in batch]
                loss = float(np.mean(losses))
                report(StepMetrics(step, epoch, loss, math.exp(loss)))
                step += 1

    def _learn(self, features: Array, right: int, step_size: float, seen: Array) -> float:
        chances = self._chances(features)
        loss = -math.log(max(float(chances[right]), 1e-12))
        chances[right] -= 1
        change = np.broadcast_to(chances / math.sqrt(len(features)), (len(features), len(chances)))
        seen[features] += change**2
        self.weights[features] -= step_size * change / np.sqrt(seen[features])
        return loss

    def _chances(self, features: Array) -> Array:
        scores = self.weights[features].sum(axis=0) / math.sqrt(len(features))
        raised = np.exp(scores - scores.max())
        chances: Array = raised / raised.sum()
        return chances

    def ranked(self, text: str) -> list[str]:
        """Return the answers, the likeliest first."""
        chances = self._chances(_features(text))
        return [self.answers[i] for i in np.argsort(-chances, kind="stable")]

    def loss(self, records: Sequence[Conversation]) -> float:
        """Return the mean loss; an answer that was never trained counts as almost impossible."""
        losses = []
        for record in records:
            chances = dict(
                zip(self.answers, self._chances(_features(record.asked[-1].text)), strict=True)
            )
            losses.append(-math.log(max(float(chances.get(record.answer, 0.0)), 1e-12)))
        return float(np.mean(losses))


def labels_of(system: str) -> list[str]:
    """Return the labels that a system prompt lists, none where it lists none."""
    if items := _LIST_ITEM.findall(system):
        return list(dict.fromkeys(items))
    if lists := _AFTER_COLON.findall(system):
        longest = max(lists, key=lambda found: found.count(","))
        return [word.strip(" .`'\"") for word in longest.split(",") if word.strip(" .`'\"")]
    return []


def tokens_of(text: str) -> int:
    """Return the tokens that a text counts as: a quarter of its characters."""
    return math.ceil(len(text) / _CHARACTERS_OF_A_TOKEN)


def _load(folder: Path) -> tuple[_Classifier, int]:
    path = folder / FILE
    if not path.is_file():
        raise GenerativeError(f"{folder} holds no model of {NAME}.")
    with np.load(path) as stored:
        answers = [str(answer) for answer in stored["answers"]]
        return _Classifier(answers, stored["weights"]), int(stored["seed"])


def _features(text: str) -> Array:
    words = _WORD.findall(text.casefold()) or [""]
    pairs = [" ".join(pair) for pair in itertools.pairwise(words)]
    return np.unique([zlib.crc32(part.encode()) % _FEATURES for part in words + pairs])


def _draw(text: str) -> float:
    """Return a number in [0, 1) that is the same for the same text."""
    return zlib.crc32(text.encode()) / 2**32


def _chatter(asked: str) -> str:
    words = _WORD.findall(asked) or ["it"]
    number = zlib.crc32(asked[::-1].encode())
    return _CHATTER[number % len(_CHATTER)].format(word=words[number % len(words)])


def _limited(said: str, input_tokens: int, max_tokens: int) -> Answer:
    if tokens_of(said) <= max_tokens:
        return Answer(said, input_tokens, tokens_of(said), "end_turn")
    cut = said[: max_tokens * _CHARACTERS_OF_A_TOKEN]
    return Answer(cut, input_tokens, max_tokens, "max_tokens")
