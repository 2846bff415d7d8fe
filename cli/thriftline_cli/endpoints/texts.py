"""The texts that an endpoint is asked: of the command line, of a file, or of stdin."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit

Record = dict[str, str]
"""``text``, and ``text_pair`` where the model reads two texts."""
_FIELDS = ("text", "text_pair")
_MOST_TEXTS = 100
# A serverless endpoint takes 4 MB in one request, each other one takes 6 MB.
_MOST_BYTES = 3_000_000


def records_of(
    words: Sequence[str], pairs: Sequence[str], file: Path | None, context: Context
) -> list[Record]:
    """Returns what is asked, in its order.

    Raises:
        CommandError: there is no text, or one cannot be read.
    """
    if words:
        if file is not None:
            raise CommandError("say texts or --file, not both", Exit.USAGE)
        return _of_words(words, pairs)
    if pairs:
        raise CommandError("--pair goes with a text of the command line", Exit.USAGE)
    found = list(_of_lines(file, context))
    if not found:
        raise CommandError("no text was given: say one, or --file, or send lines", Exit.USAGE)
    return found


def _of_words(words: Sequence[str], pairs: Sequence[str]) -> list[Record]:
    if pairs and len(pairs) != len(words):
        raise CommandError(
            f"{len(words)} texts and {len(pairs)} times --pair; each text needs its own",
            Exit.USAGE,
        )
    blank = [number for number, word in enumerate((*words, *pairs), 1) if not word.strip()]
    if blank:
        raise CommandError("a text is blank; say one with letters in it", Exit.USAGE)
    if not pairs:
        return [{"text": word} for word in words]
    both = zip(words, pairs, strict=True)
    return [{"text": first, "text_pair": second} for first, second in both]


def _of_lines(file: Path | None, context: Context) -> Iterator[Record]:
    if file is None or str(file) == "-":
        if file is None and context.stdin.isatty():
            return
        yield from _read(context.stdin, "stdin")
        return
    try:
        with file.open(encoding="utf-8-sig") as lines:
            yield from _read(lines, str(file))
    except OSError as error:
        said = f"{file} cannot be read: {error.strerror}"
        raise CommandError(said, Exit.NOT_FOUND) from error


def _read(lines: Iterable[str], place: str) -> Iterator[Record]:
    try:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _record(line.strip(), f"{place}, line {number}")
    except UnicodeDecodeError as error:
        raise CommandError(f"{place} is not in UTF-8", Exit.USAGE) from error


def _record(line: str, place: str) -> Record:
    """Reads a line: a text, or an object in JSON with ``text``; its other fields are left."""
    if not line.startswith("{"):
        return {"text": line}
    try:
        value = json.loads(line)
    except ValueError as error:
        raise CommandError(
            f'{place}: it begins with {{ and is no JSON; write a text as {{"text": "…"}}',
            Exit.USAGE,
        ) from error
    found = {name: value[name] for name in _FIELDS if value.get(name) is not None}
    if "text" not in found or not all(
        isinstance(one, str) and one.strip() for one in found.values()
    ):
        raise CommandError(
            f"{place}: text and text_pair must be texts with letters in them, and text must be "
            "there",
            Exit.USAGE,
        )
    return found


def batches(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Yields as many records as one request takes."""
    batch: list[Record] = []
    size = 0
    for record in records:
        more = len(json.dumps(record, ensure_ascii=False).encode())
        if batch and (len(batch) == _MOST_TEXTS or size + more > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += more
    if batch:
        yield batch
