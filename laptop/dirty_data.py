"""The demo's sentences as a team finds them: in other columns, twice, mislabelled, out of balance.

What is wrong with them is made by rules that a seed fixes, so every run of the demo has the same.
"""

import csv
import io
import random
from collections.abc import Iterator, Sequence

from laptop.sample_data import Row

_SEED = 20_261_130
# How people in a spreadsheet wrote the two labels.
SPELLINGS = {
    "positive": ("positive", "Positive", "POS", "pos", "thumbs up"),
    "negative": ("negative", "Negative", "NEG", "neg", "thumbs down"),
}
_OTHER = {"positive": "negative", "negative": "positive"}
# One negative sentence in so many is left of those that there were.
_NEGATIVES_LEFT = 4
_COPIES = 3


def dirty_rows(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with copies, near-copies, wrong labels and one class much the larger."""
    chance = random.Random(_SEED)
    kept = [row for number, row in enumerate(rows) if _stays(row, number)]
    made = list(kept)
    for number, row in enumerate(kept):
        if number % 4 == 0:
            made += _copies(row, number)
    chance.shuffle(made)
    return [_addressed(row, number) for number, row in enumerate(made)]


def _stays(row: Row, number: int) -> bool:
    return row.label == "positive" or number // 2 % _NEGATIVES_LEFT == 0


def _copies(row: Row, number: int) -> Iterator[Row]:
    """Yield near-copies of one sentence; half of all are copied by somebody who saw it otherwise.

    A long sentence that differs by a word at its end is a near-copy; the validator, which compares
    whole texts, cannot see it.
    """
    wrong = number % 8 == 0
    for copy in range(_COPIES):
        label = _OTHER[row.label] if wrong and copy else row.label
        yield Row(f"{row.text} {_ENDS[copy]}", label)


_ENDS = ("( seen )", "( again )", "...")


def _addressed(row: Row, number: int) -> Row:
    """Return the row with an address of its writer, where there is one."""
    return row._replace(text=f"{row.text} reader{number}@example.com") if number % 17 == 0 else row


def as_raw_csv(rows: Sequence[Row]) -> bytes:
    """Return a CSV with other columns and every spelling of the labels."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("id", "quote", "verdict"))
    for number, row in enumerate(rows):
        spellings = SPELLINGS[row.label]
        writer.writerow((number, row.text, spellings[number % len(spellings)]))
    return text.getvalue().encode()
