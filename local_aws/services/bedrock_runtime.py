"""The runtime: Converse and InvokeModel answered by an engine of this machine.

Answers are those of temperature 0, whatever is asked for. A header names who really answered.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local_aws.bedrock import invocations
from local_aws.bedrock.allowance import Allowances
from local_aws.bedrock.invocations import Asked, only_known
from local_aws.bedrock.targets import Target, target_of
from local_aws.bedrock.training_data import tokens_of
from local_aws.bedrock.world import ENGINE_HEADER, BedrockWorld
from local_aws.generative.conversations import Answer
from local_aws.generative.port import GenerativeError
from local_aws.http.error_answers import NOT_DONE
from local_aws.http.own_calls import AnswerWithHeaders, AwsError, Operation, Request
from local_aws.services import bedrock_bill
from local_aws.services.bedrock_store import BedrockStore, invalid

LOG = logging.getLogger(__name__)

_CLAUDE = "anthropic.claude"


@dataclass(frozen=True)
class Said:
    """An answer, and how long it took."""

    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    latency_ms: int
    engine: str


class BedrockRuntime:
    """The calls that ask a model."""

    def __init__(self, world: BedrockWorld) -> None:
        self._world = world
        self._allowances = Allowances()
        self._named: set[str] = set()

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "Converse": self._converse,
            "CountTokens": _count_tokens,
            "InvokeModel": self._invoke,
        }

    def _converse(self, request: Request) -> AnswerWithHeaders:
        only_known(request.parameters)
        target = self._target(request)
        said = self._ask(request, target, invocations.from_converse(request.parameters))
        answer = {
            "output": {"message": {"role": "assistant", "content": [{"text": said.text}]}},
            "stopReason": said.stop_reason,
            "usage": {
                "inputTokens": said.input_tokens,
                "outputTokens": said.output_tokens,
                "totalTokens": said.input_tokens + said.output_tokens,
            },
            "metrics": {"latencyMs": said.latency_ms},
        }
        return AnswerWithHeaders(answer, {ENGINE_HEADER: said.engine})

    def _invoke(self, request: Request) -> AnswerWithHeaders:
        target = self._target(request)
        asked = invocations.from_body(request.get("body", b""), target.base.kind)
        said = self._ask(request, target, asked)
        body = invocations.to_body(
            said.text, said.stop_reason, said.input_tokens, said.output_tokens, target.base.kind
        )
        answer = {"body": body, "contentType": "application/json"}
        return AnswerWithHeaders(answer, {ENGINE_HEADER: said.engine})

    def _target(self, request: Request) -> Target:
        store = self._world.stores.of(request)
        return target_of(self._world, store, request["modelId"], request.now)

    def _ask(self, request: Request, target: Target, asked: Asked) -> Said:
        world, store, base = self._world, self._world.stores.of(request), target.base
        limit = asked.max_tokens or base.most_tokens
        if limit > base.most_tokens:
            raise invalid(
                f"The maximum tokens you requested exceeds the model limit of {base.most_tokens}. "
                "Try again with a maximum tokens value that is lower than the model limit."
            )
        reservation = None
        if target.limits is not None:
            tokens = tokens_of(asked.system) + sum(tokens_of(each.text) for each in asked.messages)
            key = (store.account, store.region, base.quota_name)
            try:
                reservation = self._allowances.reserve(
                    key, tokens + limit, target.limits, request.now, world.time_scale
                )
            except AwsError:
                world.count(store, request["modelId"], {"InvocationThrottles": 1})
                raise
        engine = world.engine(base)
        self._name_once(request["modelId"], engine.name)
        started = time.monotonic()
        try:
            answer = engine.answer(target.folder, asked.system, asked.messages, limit)
        except GenerativeError as error:
            world.count(store, request["modelId"], {"InvocationClientErrors": 1})
            raise invalid(str(error)) from error
        latency = max(1, round((time.monotonic() - started) * 1000))
        if reservation is not None:
            reservation.tokens = answer.input_tokens + answer.output_tokens
        self._record(request, store, target, answer, latency)
        text, stop_reason = _cut(answer, asked.stop_sequences)
        return Said(
            text, stop_reason, answer.input_tokens, answer.output_tokens, latency, engine.name
        )

    def _name_once(self, model_id: str, engine: str) -> None:
        if model_id not in self._named:
            self._named.add(model_id)
            LOG.info("%s is asked: %s answers in its place", model_id, engine)

    def _record(
        self, request: Request, store: BedrockStore, target: Target, answer: Answer, latency: int
    ) -> None:
        values: Mapping[str, float] = {
            "Invocations": 1,
            "InvocationLatency": latency,
            "InputTokenCount": answer.input_tokens,
            "OutputTokenCount": answer.output_tokens,
        }
        self._world.count(store, request["modelId"], values)
        if not target.billed:
            return
        kinds = (
            (bedrock_bill.BASE_INPUT, bedrock_bill.BASE_OUTPUT)
            if target.folder is None
            else (bedrock_bill.INPUT, bedrock_bill.OUTPUT)
        )
        counts = (answer.input_tokens, answer.output_tokens)
        for kind, tokens in zip(kinds, counts, strict=True):
            self._world.bill.charge(
                store.account, store.region, target.base.price_name, kind, tokens, request.now
            )


def _count_tokens(request: Request) -> None:
    model = request["modelId"]
    if _CLAUDE in model:
        raise AwsError(NOT_DONE, f"Tokens of {model} are not counted in the embedded AWS.", 501)
    raise invalid("The provided model doesn't support counting tokens.")


def _cut(answer: Answer, stop_sequences: Sequence[str]) -> tuple[str, str]:
    """Return the text up to the first stop sequence, and why it ends there."""
    ends = [answer.text.find(each) for each in stop_sequences if each in answer.text]
    if not ends:
        return answer.text, answer.stop_reason
    return answer.text[: min(ends)], "stop_sequence"
