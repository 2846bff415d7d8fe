"""A stream whose lines a test reads as a list."""

import io


class Lines(io.StringIO):
    """Keeps each line in a list that somebody else has."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def write(self, text: str) -> int:
        self._lines.extend(text.removesuffix("\n").split("\n"))
        return len(text)
