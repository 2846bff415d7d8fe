"""Conversations as tokens, in the ChatML form that SmolLM2 was trained on."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from local_aws.generative.conversations import Message

# What the model's own template says where a conversation has no system text.
_USUAL_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
_START = "<|im_start|>"
_END = "<|im_end|>"


class Chat:
    """Writes conversations as tokens. A text cannot smuggle in a mark of the template."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._start = self._mark(_START)
        self.end = self._mark(_END)
        # A text that spells out a mark stays text.
        self._tokenizer.encode_special_tokens = True

    def before(self, system: str, earlier: Sequence[Message]) -> list[int]:
        """Return what stands before the text of the last question."""
        turns = [("system", system or _USUAL_SYSTEM), *((each.role, each.text) for each in earlier)]
        written = [self._turn(role, text) for role, text in turns]
        return [token for turn in written for token in turn] + self._opened("user")

    def question(self, text: str) -> list[int]:
        """Return the last question and the opening of its answer."""
        return [*self._plain(text), self.end, *self._plain("\n"), *self._opened("assistant")]

    def answer(self, text: str) -> list[int]:
        """Return an answer and the mark of its end."""
        return [*self._plain(text), self.end]

    def text(self, tokens: Iterable[int]) -> str:
        """Return what tokens say."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True))

    def _turn(self, role: str, text: str) -> list[int]:
        return [*self._opened(role), *self._plain(text), self.end, *self._plain("\n")]

    def _opened(self, role: str) -> list[int]:
        return [self._start, *self._plain(f"{role}\n")]

    def _plain(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _mark(self, mark: str) -> int:
        number = self._tokenizer.token_to_id(mark)
        if number is None:
            raise ValueError(f"the tokenizer knows no {mark}")
        return int(number)
