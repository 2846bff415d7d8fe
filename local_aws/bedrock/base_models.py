"""The base models of the embedded Bedrock: where each is, what it can be asked for, until when."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("base_models.json")
# An account that never was served one before is refused it.
LEGACY, ACTIVE = "LEGACY", "ACTIVE"


@dataclass(frozen=True)
class BaseModel:
    """One foundation model.

    Args:
        id: with the context suffix where it is the id that is customized.
        quota_name: how the names of quotas call it.
        price_name: how usage types call it.
        kind: which rules of data and hyperparameters it has.
        inference: how it is asked by its id.
        profiles: geographies of the inference profiles that it is asked by.
        deployable: whether a custom model of it takes an on-demand deployment.
        most_tokens: what an answer may have, and what is reserved where no limit is asked for.
    """

    id: str
    name: str
    provider: str
    quota_name: str
    price_name: str
    kind: str
    regions: tuple[str, ...]
    customizations: tuple[str, ...]
    inference: tuple[str, ...]
    profiles: tuple[str, ...]
    deployable: bool
    most_tokens: int
    requests_per_minute: int
    tokens_per_minute: int
    tokens_per_day: int
    legacy: datetime | None
    end_of_life: datetime | None

    def status(self, now: datetime) -> str | None:
        """Return ACTIVE or LEGACY; None after the end of its life."""
        if self.end_of_life is not None and now >= self.end_of_life:
            return None
        return LEGACY if self.legacy is not None and now >= self.legacy else ACTIVE

    def arn(self, region: str) -> str:
        """Return its ARN, which has no account."""
        return f"arn:aws:bedrock:{region}::foundation-model/{self.id}"

    def describe(self, region: str, now: datetime) -> dict[str, Any]:
        """Return it in the form of ListFoundationModels."""
        lifecycle = {
            "status": self.status(now),
            "legacyTime": self.legacy,
            "endOfLifeTime": self.end_of_life,
        }
        return {
            "modelArn": self.arn(region),
            "modelId": self.id,
            "modelName": self.name,
            "providerName": self.provider,
            "inputModalities": ["TEXT"],
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": True,
            # The list knows no reinforcement.
            "customizationsSupported": [
                each for each in self.customizations if each != "REINFORCEMENT_FINE_TUNING"
            ],
            "inferenceTypesSupported": list(self.inference),
            "modelLifecycle": {key: value for key, value in lifecycle.items() if value},
        }


class BaseModels:
    """The models that exist; `installed` are ids of those that really run here.

    `retire` changes a model's life, for tests.
    """

    def __init__(self, installed: Collection[str] = ()) -> None:
        self._models = {
            each.id: each for each in _catalogue("models") + _catalogue("local", installed)
        }

    def __iter__(self) -> Iterator[BaseModel]:
        """Return all of them."""
        return iter(list(self._models.values()))

    def get(self, model: str, region: str, now: datetime) -> BaseModel | None:
        """Return the model of an id or ARN; None where this region has none of it, or no more."""
        kind, _, tail = model.partition("::foundation-model/")
        if tail and kind != f"arn:aws:bedrock:{region}":
            return None
        found = self._models.get(tail or model)
        if found is None or region not in found.regions or found.status(now) is None:
            return None
        return found

    def by_profile(self, profile: str, region: str, now: datetime) -> BaseModel | None:
        """Return the model that a system-defined inference profile asks, such as `us.…`."""
        geography, _, model = profile.rpartition("/")[2].partition(".")
        found = self.get(model, region, now)
        return found if found is not None and geography in found.profiles else None

    def retire(
        self, model: str, *, legacy: datetime | None = None, end_of_life: datetime | None = None
    ) -> None:
        """Give a model another end."""
        self._models[model] = replace(self._models[model], legacy=legacy, end_of_life=end_of_life)


@cache
def customizable_models() -> tuple[BaseModel, ...]:
    """Return every model that can be customized, installed or not, in any region at any time."""
    rows = [*_rows("models"), *_rows("local")]
    return tuple(model for model in map(_model, rows) if model.customizations)


def _catalogue(section: str, only: Collection[str] | None = None) -> list[BaseModel]:
    return [_model(row) for row in _rows(section) if only is None or row["id"] in only]


@cache
def _rows(section: str) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(_FILE.read_text(encoding="utf-8"))[section])


def _model(row: Mapping[str, Any]) -> BaseModel:
    return BaseModel(
        id=row["id"],
        name=row["name"],
        provider=row["provider"],
        quota_name=row["quota_name"],
        price_name=row["price_name"],
        kind=row["kind"],
        regions=tuple(row["regions"]),
        customizations=tuple(row.get("customizations", ())),
        inference=tuple(row["inference"]),
        profiles=tuple(row.get("profiles", ())),
        deployable=row.get("deployable", False),
        most_tokens=row["most_tokens"],
        requests_per_minute=row.get("requests_per_minute", 400),
        tokens_per_minute=row.get("tokens_per_minute", 1_000_000),
        tokens_per_day=row.get("tokens_per_day", 100_000_000),
        legacy=_day(row.get("legacy")),
        end_of_life=_day(row.get("end_of_life")),
    )


def _day(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
