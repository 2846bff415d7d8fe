"""What people are told, in one neutral form: mail and chat are made of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Literal

from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain, plain_lines

Kind = Literal[
    "run",
    "approval",
    "upload",
    "budget",
    "deployment",
    "experiment",
    "quality",
    "schedule",
    "audit",
    "action",
    "restore",
]
Tone = Literal["good", "notice", "problem", "question"]

_LONGEST_TITLE = 250
_LONGEST_SENTENCE = 600
_LONGEST_DETAIL = 3_000
_LONGEST_VALUE = 600
_LONGEST_STEP = 400
_LONGEST_THREAD = 200
_MOST_FACTS = 20
_MOST_STEPS = 6


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what is known of it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: a title, one sentence, then what explains it.

    ``thread`` keeps what belongs together in one conversation: the id of a run, a deployment, an
    audit. ``dollars`` is a sentence, None where the message is not about money. ``link`` is an
    https address. ``text`` is the whole text for mail, which says more than a chat shows.
    """

    kind: Kind
    tone: Tone
    thread: str
    title: str
    sentence: str
    text: str
    detail: str = ""
    facts: tuple[Fact, ...] = ()
    dollars: str | None = None
    next_steps: tuple[str, ...] = ()
    link: str | None = None

    def document(self) -> str:
        """Returns the message for chat as JSON in ASCII, without the text for mail.

        Every text is made plain and short here, whoever wrote it, so that no form has to be
        careful with what a stranger wrote.
        """
        known = asdict(self)
        del known["text"]
        known |= {
            "version": "1.0",
            "thread": plain(self.thread, _LONGEST_THREAD),
            "title": plain(self.title, _LONGEST_TITLE),
            "sentence": plain(self.sentence, _LONGEST_SENTENCE),
            "detail": plain_lines(self.detail, _LONGEST_DETAIL),
            "facts": [
                {"name": plain(fact.name, 60), "value": plain(fact.value, _LONGEST_VALUE)}
                for fact in self.facts[:_MOST_FACTS]
                if fact.value
            ],
            "dollars": None if self.dollars is None else plain(self.dollars, _LONGEST_VALUE),
            "next_steps": [plain(step, _LONGEST_STEP) for step in self.next_steps[:_MOST_STEPS]],
        }
        return json.dumps(known)


def facts_of(named: Mapping[str, object]) -> tuple[Fact, ...]:
    """Returns facts in their order; what is unknown is left out."""
    return tuple(
        Fact(name, str(value)) for name, value in named.items() if value is not None and value != ""
    )
