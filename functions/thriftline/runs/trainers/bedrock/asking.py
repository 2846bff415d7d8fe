"""Asks the models under evaluation as many questions as the minute and the poll allow.

The quota is counted by the minute and for all deployments of a base model together. So a poll asks
a minute's worth at most, in order, and the next one goes on a minute later.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field

from thriftline.core.dataclass import dataclass
from thriftline.runs.trainers.bedrock.answer_parts import Answer
from thriftline.runs.trainers.bedrock.conversation import NoReply, Reply, Trouble

# Of a question on which the model itself fails.
_MOST_TRIES = 3
# Side by side; with a small quota one after the other, so that no answer comes too early.
_WORKERS = 8
_FEW_A_MINUTE = 60


@dataclass(frozen=True)
class Request:
    """The question at a place of the order, to one target."""

    target: str
    place: int


Ask = Callable[[Request], Reply | NoReply]


@dataclass(frozen=True)
class Asked:
    """What one poll has asked.

    ``answers`` follow on what each target had answered. ``unkept`` are tokens that were paid for
    answers behind a gap, which are asked again. ``troubles`` says why a target goes no further.
    """

    answers: Mapping[str, Sequence[Answer]]
    unkept: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    troubles: Mapping[str, NoReply] = field(default_factory=dict)
    requests: int = 0


def next_requests(
    positions: Mapping[str, int], pools: Mapping[str, str], questions: int, per_minute: int
) -> list[Request]:
    """Returns what to ask in a minute: targets of a pool share its quota and go side by side.

    Args:
        positions: how far each target has come.
        pools: the pool of each target.
        questions: how many there are.
        per_minute: what a pool may be asked in a minute.
    """
    chosen: list[Request] = []
    for pool in dict.fromkeys(pools.values()):
        open_requests = [
            Request(target, place)
            for target, first in positions.items()
            if pools[target] == pool
            for place in range(first, min(questions, first + per_minute))
        ]
        chosen += sorted(open_requests, key=lambda one: one.place)[:per_minute]
    # Equal records of all targets, wherever the poll ends.
    return sorted(chosen, key=lambda one: one.place)


def ask_requests(requests: Sequence[Request], ask: Ask, goes_on: Callable[[], bool]) -> Asked:
    """Asks until all is asked, the time is up, or every target is in trouble."""
    workers = 1 if len(requests) <= _FEW_A_MINUTE else _WORKERS
    replies: dict[Request, Reply] = {}
    troubles: dict[str, NoReply] = {}
    sent = 0
    with ThreadPoolExecutor(workers) as threads:
        for start in range(0, len(requests), workers):
            if not goes_on():
                break
            chunk = [one for one in requests[start : start + workers] if one.target not in troubles]
            sent += len(chunk)
            replying = threads.map(_asker(ask, goes_on), chunk)
            for request, said in zip(chunk, replying, strict=True):
                if isinstance(said, Reply):
                    replies[request] = said
                else:
                    troubles.setdefault(request.target, said)
    kept, unkept = _in_order(requests, replies)
    return Asked(kept, unkept, troubles, sent)


def _asker(ask: Ask, goes_on: Callable[[], bool]) -> Ask:
    def asked(request: Request) -> Reply | NoReply:
        said = ask(request)
        for _ in range(_MOST_TRIES - 1):
            if isinstance(said, Reply) or said.trouble is not Trouble.FAULT:
                return said
            if not goes_on():
                # The next poll tries it again.
                return NoReply(Trouble.BUSY, said.reason)
            said = ask(request)
        if isinstance(said, NoReply) and said.trouble is Trouble.FAULT:
            # It counts as an answer that is no label, and the next question is asked.
            return Reply("", f"error: {said.reason}", 0, 0)
        return said

    return asked


def _in_order(
    requests: Sequence[Request], replies: Mapping[Request, Reply]
) -> tuple[dict[str, list[Answer]], dict[str, tuple[int, int]]]:
    kept: dict[str, list[Answer]] = {}
    unkept: dict[str, tuple[int, int]] = {}
    with_gap: set[str] = set()
    for request in requests:
        reply = replies.get(request)
        if reply is None:
            with_gap.add(request.target)
        elif request.target in with_gap:
            before = unkept.get(request.target, (0, 0))
            unkept[request.target] = (
                before[0] + reply.input_tokens,
                before[1] + reply.output_tokens,
            )
        else:
            kept.setdefault(request.target, []).append(_answer(request, reply))
    return kept, unkept


def _answer(request: Request, reply: Reply) -> Answer:
    return Answer(
        request.place, reply.text, reply.stop_reason, reply.input_tokens, reply.output_tokens
    )
