"""Where a command's answer goes: stdout, in the form that was asked for, and nothing else."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from thriftline_cli.answers import WIDTH, as_json, as_lines, as_table, as_text, fitted
from thriftline_cli.exits import CommandError, Exit


@dataclass(frozen=True)
class Output:
    """The form of the answer, and where it is written."""

    form: str = "table"
    query: str | None = None
    stream: TextIO = sys.stdout
    width: int = WIDTH

    def __post_init__(self) -> None:
        """Refuses a query that is none, before anything is done."""
        if self.query is not None:
            _searched(self.query, {})

    def rows(
        self,
        rows: Sequence[Mapping[str, Any]],
        columns: Sequence[str],
        cut: Sequence[str] = (),
        tails: Sequence[str] = (),
        spare: Sequence[str] = (),
        folds: bool = False,
        of: Callable[[Any], Mapping[str, Any]] | None = None,
    ) -> None:
        """Writes a list.

        Args:
            rows: the things as they are.
            columns: of the table.
            cut: the columns that may lose their ends.
            tails: the columns that may lose their beginnings.
            spare: the columns that may go where a terminal is too narrow.
            folds: whether the last column has sentences, which go on below themselves.
            of: what a row shows of a thing, where it is more than its values.
        """
        if self.query is not None or self.form == "json":
            self._any(list(rows))
            return
        told = [of(one) if of else one for one in rows]
        if self.form == "text":
            self.write(as_lines(told, columns))
        elif told:
            narrow = {"cut": cut, "tails": tails, "spare": spare}
            self.write(as_table(told, columns, **narrow, folds=folds, width=self.width))
        else:
            self.write("[]")

    def one(self, answer: Mapping[str, Any], page: str | None = None) -> None:
        """Writes one thing; ``page`` is how it is shown to a person."""
        if self.query is not None or self.form == "json":
            self._any(answer)
        elif self.form == "text":
            self.write(as_lines(answer))
        else:
            self.write(fitted(page or as_text(answer), self.width))

    def write(self, text: str) -> None:
        """Writes a text as it is."""
        if text:
            self.stream.write(text if text.endswith("\n") else f"{text}\n")
            self.stream.flush()

    def write_bytes(self, body: bytes) -> None:
        """Writes a document as it is."""
        self.stream.flush()
        raw = getattr(self.stream, "buffer", None)
        if raw is None:
            self.stream.write(body.decode(errors="replace"))
        else:
            raw.write(body)
            raw.flush()

    def _any(self, answer: Any) -> None:
        found = answer if self.query is None else _searched(self.query, _json_of(answer))
        if self.form == "json":
            self.write(as_json(found))
        elif self.form == "table" and isinstance(found, Mapping):
            self.write(fitted(as_text(found), self.width))
        elif self.form == "table" and _is_rows(found):
            self.write(as_table(found, list(found[0]), width=self.width))
        else:
            self.write(as_lines(found))


def _is_rows(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(x, Mapping) for x in found)


def _json_of(answer: Any) -> Any:
    import json

    return json.loads(as_json(answer))


def _searched(query: str, answer: Any) -> Any:
    from jmespath import compile as compiled
    from jmespath.exceptions import JMESPathError, ParseError

    try:
        return compiled(query).search(answer)
    except ParseError as error:
        said = " ".join(str(error).split())
        raise CommandError(f"--query {query}: {said}", Exit.USAGE) from error
    except JMESPathError as error:
        if answer == {}:
            return None
        raise CommandError(f"--query {query}: {error}", Exit.USAGE) from error
