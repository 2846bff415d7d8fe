"""How often a trained classifier is right on sentences that it has not seen."""

from collections.abc import Sequence
from pathlib import Path

from laptop.sample_data import Row

_AT_ONCE = 64
_LONGEST = 64


def accuracy_of(model_folder: Path, rows: Sequence[Row]) -> float:
    """Return the share of rows whose label the model of a folder gives."""
    # Imported here: together they take seconds, which no other command should wait for.
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model = AutoModelForSequenceClassification.from_pretrained(model_folder).eval()
    right = 0
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        encoded = tokenizer(
            [row.text for row in some],
            return_tensors="pt",
            padding=True,
            truncation=True,
            max_length=_LONGEST,
        )
        with torch.inference_mode():
            answers = model(**encoded).logits.argmax(dim=1).tolist()
        right += sum(
            model.config.id2label[answer] == row.label
            for answer, row in zip(answers, some, strict=True)
        )
    return right / len(rows)
