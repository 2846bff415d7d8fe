"""Answers of a small causal model, token by token, the likeliest each time."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from local_aws.generative.chat import Chat
from local_aws.generative.conversations import Answer, Message
from local_aws.generative.port import GenerativeError
from local_aws.generative.split_model import SplitModel, cut_back, new_cache, upper_file

# A thousand tokens of a beginning take 23 MB.
_KEPT = 6
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Answerer:
    """One base model, and the tuned upper layers that lie over it in turn.

    What questions begin with, the system text and examples, is worked through once and kept.
    """

    def __init__(self, model: SplitModel, chat: Chat) -> None:
        self._model = model
        self._chat = chat
        self._used: tuple[Path, int] | None = None
        self._lower: OrderedDict[tuple[int, ...], tuple[Any, Tensor]] = OrderedDict()
        self._upper: OrderedDict[object, Any] = OrderedDict()

    def use(self, folder: Path | None) -> None:
        """Answer with the model of a folder from here on; no folder means the base model.

        Raises:
            GenerativeError: the folder holds no model.
        """
        wanted = None if folder is None else _version(folder)
        if wanted != self._used:
            self._model.use(folder)
            self._used = wanted

    @torch.no_grad()
    def answer(self, system: str, messages: Sequence[Message], max_tokens: int) -> Answer:
        """Answer the last message.

        Raises:
            GenerativeError: the conversation does not fit into the model's context.
        """
        *earlier, asked = messages
        before = tuple(self._chat.before(system, earlier))
        question = self._chat.question(asked.text)
        tokens = len(before) + len(question)
        if tokens + max_tokens > self._model.longest:
            raise GenerativeError(
                f"Input is too long: {tokens} tokens and an answer of {max_tokens} exceed "
                f"{self._model.longest}."
            )
        lower, upper = self._caches(before)
        try:
            said, ended = self._generate(question, lower, upper, max_tokens)
        finally:
            cut_back(lower, len(before))
            cut_back(upper, len(before))
        text = self._chat.text(said)
        return Answer(text, tokens, len(said), "end_turn" if ended else "max_tokens")

    def _generate(
        self, question: list[int], lower: Any, upper: Any, max_tokens: int
    ) -> tuple[list[int], bool]:
        said: list[int] = []
        following = question
        while len(said) < max_tokens:
            states = self._model.lower_states(torch.tensor([following]), lower)
            states = self._model.upper_states(states, upper)
            likeliest = int(self._model.words(states[:, -1]).argmax())
            if likeliest == self._chat.end:
                return said, True
            said.append(likeliest)
            following = [likeliest]
        return said, False

    def _caches(self, before: tuple[int, ...]) -> tuple[Any, Any]:
        lower, states = _kept(self._lower, before, lambda: self._lower_beginning(before))
        key = (self._used, before)
        return lower, _kept(self._upper, key, lambda: self._upper_beginning(states))

    def _lower_beginning(self, before: tuple[int, ...]) -> tuple[Any, Tensor]:
        cache = new_cache()
        return cache, self._model.lower_states(torch.tensor([before]), cache)

    def _upper_beginning(self, states: Tensor) -> Any:
        cache = new_cache()
        self._model.upper_states(states, cache)
        return cache


def _kept(store: OrderedDict[_Key, _Value], key: _Key, make: Callable[[], _Value]) -> _Value:
    """Return what is stored under a key, made where it is not; forget what was not used longest."""
    if key not in store:
        store[key] = make()
        if len(store) > _KEPT:
            store.popitem(last=False)
    store.move_to_end(key)
    return store[key]


def _version(folder: Path) -> tuple[Path, int]:
    """Return what changes when another model is written to the folder."""
    try:
        return folder, upper_file(folder).stat().st_mtime_ns
    except FileNotFoundError:
        raise GenerativeError(f"{folder} holds no model.") from None
