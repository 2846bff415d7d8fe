"""Records as a fine-tuning and a validation use them: the lower half's states, and what to say.

The lower layers' states are computed once for each record, and once for what all records of a
system text begin with. A pass lays its records side by side behind that beginning, each as if it
stood there alone, so that nothing is padded and nothing is computed twice.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from local_aws.generative.chat import Chat
from local_aws.generative.conversations import Conversation
from local_aws.generative.port import GenerativeError
from local_aws.generative.split_model import SplitModel, cut_back, new_cache, pack

MOST_TOKENS_OF_A_RECORD = 2048
# Their states take half a gigabyte.
MOST_TOKENS = 400_000
# Attention in a pass looks at all pairs of its tokens, most of which it then leaves out.
_PASS_TOKENS = 512


@dataclass(frozen=True)
class Beginning:
    """What several records begin with."""

    tokens: tuple[int, ...]
    states: Tensor


@dataclass(frozen=True)
class Lesson:
    """One record: states of what is asked, and the tokens of the answer."""

    beginning: Beginning
    states: Tensor
    answer: tuple[int, ...]


def lessons_of(records: Sequence[Conversation], model: SplitModel, chat: Chat) -> list[Lesson]:
    """Return the lessons of the records, in their order.

    Raises:
        GenerativeError: a record, or all of them, are too long.
    """
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    texts = []
    for number, record in enumerate(records):
        *earlier, asked = record.asked
        before = tuple(chat.before(record.system, earlier))
        answer = tuple(chat.answer(record.answer))
        # The last token of an answer predicts nothing.
        text = [*chat.question(asked.text), *answer][:-1]
        if len(before) + len(text) > MOST_TOKENS_OF_A_RECORD:
            raise GenerativeError(
                f"Maximum input token count {len(before) + len(text)} exceeds limit of "
                f"{MOST_TOKENS_OF_A_RECORD} in record {number + 1}."
            )
        groups[before].append(number)
        texts.append((text, answer))
    if (tokens := sum(len(text) for text, _ in texts)) > MOST_TOKENS:
        raise GenerativeError(f"The records have {tokens} tokens; {MOST_TOKENS} fit here.")
    made: dict[int, Lesson] = {}
    for before, numbers in groups.items():
        found = _group(before, [texts[number] for number in numbers], model)
        made.update(zip(numbers, found, strict=True))
    return [made[number] for number in range(len(records))]


def summed_loss(lessons: Sequence[Lesson], model: SplitModel) -> Iterator[Tensor]:
    """Yield the losses of the answers' tokens, summed, a pass at a time."""
    groups: dict[int, list[Lesson]] = defaultdict(list)
    for lesson in lessons:
        groups[id(lesson.beginning)].append(lesson)
    for group in groups.values():
        for start, end in _passes([len(each.states) for each in group]):
            yield _loss_of_pass(group[start:end], model)


def answer_tokens(lessons: Sequence[Lesson]) -> int:
    """Return how many tokens the answers have."""
    return sum(len(lesson.answer) for lesson in lessons)


@torch.no_grad()
def _group(
    before: tuple[int, ...],
    texts: Sequence[tuple[list[int], tuple[int, ...]]],
    model: SplitModel,
) -> Iterator[Lesson]:
    cache = new_cache()
    beginning = Beginning(before, model.lower_states(torch.tensor([before]), cache)[0])
    for start, end in _passes([len(text) for text, _ in texts]):
        part = texts[start:end]
        lengths = [len(text) for text, _ in part]
        mask, positions = pack(lengths, len(before))
        tokens = torch.tensor([[token for text, _ in part for token in text]])
        states = model.lower_states(tokens, cache, attention_mask=mask, position_ids=positions)
        cut_back(cache, len(before))
        for (_, answer), own in zip(part, torch.split(states[0], lengths), strict=True):
            yield Lesson(beginning, own.clone(), answer)


def _loss_of_pass(lessons: Sequence[Lesson], model: SplitModel) -> Tensor:
    beginning = lessons[0].beginning
    before = len(beginning.tokens)
    lengths = [len(lesson.states) for lesson in lessons]
    mask, positions = pack(lengths, before)
    own = torch.ones(before, before, dtype=torch.bool).tril()
    unseen = torch.zeros(before, sum(lengths), dtype=torch.bool)
    mask = torch.cat([torch.cat([own, unseen], 1)[None, None], mask], 2)
    positions = torch.cat([torch.arange(before)[None], positions], 1)
    states = torch.cat([beginning.states, *(lesson.states for lesson in lessons)])[None]
    result = model.upper_states(states, attention_mask=mask, position_ids=positions)[0, before:]
    # An answer's tokens are predicted by the last states of its text.
    predicting = torch.cat(
        [
            own[-len(lesson.answer) :]
            for own, lesson in zip(torch.split(result, lengths), lessons, strict=True)
        ]
    )
    wanted = torch.tensor([token for lesson in lessons for token in lesson.answer])
    return nn.functional.cross_entropy(model.words(predicting), wanted, reduction="sum")


def _passes(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield from where to where each pass goes."""
    start = tokens = 0
    for number, length in enumerate(lengths):
        if tokens and tokens + length > _PASS_TOKENS:
            yield start, number
            start, tokens = number, 0
        tokens += length
    if tokens:
        yield start, len(lengths)
