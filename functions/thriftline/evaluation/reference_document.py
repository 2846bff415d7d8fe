"""``training/{run_id}/reference.json``: how the test split looked to the model that is registered.

What an endpoint is asked and answers later is compared with it. It has no text and no word: a word
is a number of 32 bits, and only words that several texts have are kept.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from thriftline.core.document import Document
from thriftline.evaluation.text_measures import CONFIDENCE_BINS, LENGTH_ENDS, UNKNOWN_ENDS

REFERENCE = "reference.json"
# Label sets that are named; the rest are counted together.
MOST_NAMED = 200
MOST_WORDS = 8_192


class AnswerRows(Document):
    """Test records for which the model gave exactly these labels."""

    labels: tuple[str, ...]
    rows: int


class TruncatedRows(Document):
    """Test records by whether they are longer than the model reads."""

    rows: int
    truncated: int


class Vocabulary(Document):
    """The most frequent words of the training split, each as the CRC-32 of its lower case."""

    hash: Literal["crc32"] = "crc32"
    texts: int = Field(description="Training texts that were looked at.")
    words: tuple[int, ...] = Field(max_length=MOST_WORDS, description="Most frequent first.")
    counts: tuple[int, ...] = Field(
        max_length=MOST_WORDS, description="How many of the texts have each."
    )


class Reference(Document):
    """The document. What is not known is null; histograms list rows by bin."""

    schema_version: Literal["1.0"] = "1.0"
    run_id: str
    project: str
    made_at: datetime
    rows: int = Field(description="Test records with a prediction.")
    accuracy: float = Field(description="Of the model on the test split.")
    labels: tuple[str, ...] = Field(description="The model's labels.")
    multi_label: bool
    answers: tuple[AnswerRows, ...] = Field(
        max_length=MOST_NAMED, description="What it answers, most frequent first."
    )
    other_answers: int = Field(description="Records with answers that are not listed, or none.")
    confidence: tuple[int, ...] | None = Field(
        description=f"Rows by confidence, in {CONFIDENCE_BINS} bins of the same width from 0 to 1: "
        "the probability of the answer; with several labels a record the mean, over labels, of the "
        "larger of p and 1 - p. Null where the model gives no probabilities."
    )
    mean_confidence: float | None
    text_rows: int = Field(description="Test texts that were measured: all, or an even sample.")
    characters: tuple[int, ...] = Field(
        min_length=len(LENGTH_ENDS) + 1,
        max_length=len(LENGTH_ENDS) + 1,
        description="Texts by characters; pairs count both. A bin ends with 4, 6, 8, 11, 16, …",
    )
    tokens: tuple[int, ...] | None = Field(
        description="Texts by tokens, in the same bins; null where the job does not say."
    )
    truncated: TruncatedRows | None = Field(description="Null where the job does not say.")
    unknown_words: tuple[int, ...] = Field(
        min_length=len(UNKNOWN_ENDS),
        max_length=len(UNKNOWN_ENDS),
        description="Test texts by the share of their words that are not in the vocabulary. A bin "
        f"ends with {', '.join(f'{end:g}' for end in UNKNOWN_ENDS)}.",
    )
    vocabulary: Vocabulary
