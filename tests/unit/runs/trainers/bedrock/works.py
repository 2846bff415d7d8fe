"""Work as a run asks Bedrock for it, for tests."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.domain.auto_training import DataShape, NamedSettings, choose
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockSources

TODAY = date(2026, 11, 29)
SOURCES = BedrockSources(price_catalogue, "us-east-1", TODAY)
OREGON = replace(SOURCES, region="us-west-2")
LABELS = {"negative": 50, "positive": 50}


def work(
    section: Mapping[str, Any] | None = None,
    splits: Mapping[str, int] | None = None,
    mean_characters: float | None = 108.0,
    **changes: Any,
) -> TrainingWork:
    """Short sentences with two labels, 8,530 of them unless the test says something else."""
    found = TrainingWork(
        run_id="reviews-0123456789abcdef",
        project="reviews",
        base_model="distilbert/distilbert-base-uncased",
        encoder=None,
        hyperparameters={"seed": 42, "multi_label": False},
        chosen=choose(DataShape(rows=8_530, mean_tokens=None), NamedSettings()),
        section=section or {},
        splits=splits or {"train": 8_530, "test": 1_066},
        mean_characters=mean_characters,
        champion=None,
        cap_usd=Decimal(10),
        labels=LABELS,
    )
    return replace(found, **changes)
