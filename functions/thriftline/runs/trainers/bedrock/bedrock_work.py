"""A run as Bedrock is asked for it: the work, checked against what the base model takes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.prices import PriceCatalogue
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.bedrock.base_model_checks import (
    require_customization,
    require_on_demand,
    require_region,
)
from thriftline.runs.trainers.bedrock.customizations import teacher_of
from thriftline.runs.trainers.bedrock.families import DEFAULT, BaseModel, Customization, base_model
from thriftline.runs.trainers.bedrock.hyperparameters import AUTO
from thriftline.runs.trainers.bedrock.label_words import label_words
from thriftline.runs.trainers.bedrock.model_import import refuse_import
from thriftline.runs.trainers.bedrock.prompt import system_prompt
from thriftline.runs.trainers.bedrock.rates import Rates, rates_of
from thriftline.runs.trainers.bedrock.sampling import FittedRecords, evaluation_size, fit_records
from thriftline.runs.trainers.bedrock.tokens import (
    CHAT_TOKENS,
    RecordTokens,
    record_tokens,
    tokens_of,
    tokens_of_characters,
    training_tokens,
)
from thriftline.runs.trainers.bedrock.training_choice import hyperparameters_for
from thriftline.runs.trainers.bedrock.training_file import too_long

# Where the length of the texts is not known.
_USUAL_CHARACTERS = 1_000.0


@dataclass(frozen=True)
class BedrockSources:
    """What a quote is made from. ``requests_per_minute`` answers None where it is not known.

    Without ``now`` the day has just begun.
    """

    prices: Callable[[], PriceCatalogue]
    region: str
    today: date
    requests_per_minute: Callable[[BaseModel], int | None] = lambda _: None
    now: datetime | None = None


@dataclass(frozen=True)
class BedrockWork:
    """What a customization is made of. Reading a part of it raises where the run cannot have it."""

    work: TrainingWork
    sources: BedrockSources

    @property
    def section(self) -> Mapping[str, Any]:
        """The section ``bedrock`` of the run spec."""
        return self.work.section

    @cached_property
    def model(self) -> BaseModel:
        """The base model, which the region has and which can do what is asked of it."""
        section, sources = self.section, self.sources
        if self.customization == "import":
            allowed = self.work.unpriced_allowance_usd is not None
            refuse_import(section.get("import_uri"), is_allowed=allowed)
        name = section.get("base_model") or DEFAULT
        found = base_model(name, sources.today, sources.prices().last_day_of)
        require_customization(found, self.customization)
        require_region(found, sources.region)
        require_on_demand(found)
        return found

    @property
    def customization(self) -> Customization:
        """The kind of customization."""
        kind: Customization = self.section.get("customization") or "fine_tuning"
        return kind

    @cached_property
    def words(self) -> dict[str, str]:
        """The word of each label."""
        if len(self.work.labels) < 2:
            raise InvalidRunSpecError(
                "dataset: Bedrock needs the list of labels, and dataset.json names "
                f"{len(self.work.labels)}. Upload the data again. Nothing was spent."
            )
        return label_words(self.work.labels, self.section.get("label_words"))

    @cached_property
    def system(self) -> str:
        """The system text."""
        return system_prompt(self.words, self.section.get("prompt"))

    @cached_property
    def records(self) -> FittedRecords:
        """How many records the job takes."""
        return fit_records(self.work.splits, self.model, self.customization)

    @cached_property
    def hyperparameters(self) -> dict[str, Decimal]:
        """What the job is told, by the keys of the run spec."""
        return hyperparameters_for(self.model, self.section, self.records.train, self.customization)

    @property
    def teacher(self) -> str | None:
        """Who answers the texts of a distillation."""
        if self.customization != "distillation":
            return None
        return teacher_of(self.model, self.section.get("teacher"))

    @property
    def epochs(self) -> int:
        """Passes over the records."""
        return int(self.hyperparameters.get("epochs", Decimal(1)))

    @cached_property
    def each(self) -> RecordTokens:
        """The tokens of a mean record."""
        characters = self.work.mean_characters
        mean = _USUAL_CHARACTERS if characters is None else characters
        return record_tokens(self.system, mean, self.words, self.work.labels)

    @property
    def training_tokens(self) -> int:
        """What the job is billed for at the estimate: all records that it is given, each epoch."""
        return training_tokens(self.records.total, self.each, self.epochs)

    @cached_property
    def rates(self) -> Rates:
        """What the price list says."""
        found = rates_of(self.model, self.sources.region, self.sources.prices())
        # Reinforcement is billed by the hour, and no row of its hours is known.
        return replace(found, training=None) if self.customization == "reinforcement" else found

    @property
    def few_shot(self) -> bool:
        """Whether the base model is also asked with examples."""
        return bool(self.section.get("few_shot", True))

    @property
    def asks_champion(self) -> bool:
        """Whether the model in use answers on Bedrock too."""
        champion = self.work.champion
        return champion is not None and ":custom-model/" in champion.model_uri

    @property
    def rivals(self) -> int:
        """How many models each test record is asked of."""
        return 2 + self.few_shot + self.asks_champion

    @cached_property
    def requests_per_minute(self) -> int | None:
        """What the evaluation may ask, None where neither run spec nor account says it."""
        named = self._named("requests_per_minute")
        allowed = self.sources.requests_per_minute(self.model)
        if named is None:
            return allowed
        return named if allowed is None else min(named, allowed)

    @cached_property
    def evaluation(self) -> tuple[int, str]:
        """How many test records are asked, and the sentence that says so."""
        return evaluation_size(
            self.work.splits.get("test", 0),
            self._named("evaluation_records"),
            self.requests_per_minute,
            self.rivals,
        )

    def require_what_bedrock_learns(self) -> None:
        """Refuses work of a kind that Bedrock does not do.

        Raises:
            InvalidRunSpecError: several labels a record, a search, or a text that is too long.
        """
        if self.work.hyperparameters.get("multi_label"):
            raise InvalidRunSpecError(
                "task: a model on Bedrock answers with one label a record. Say trainer: sagemaker "
                "for multi-label-classification. Nothing was spent."
            )
        if self.work.search is not None:
            raise InvalidRunSpecError(
                "search: Bedrock has none; each trial would be a job that is paid in full. Take "
                "search out, or say trainer: sagemaker. Nothing was spent."
            )
        longest = self.work.longest_characters
        if longest is not None:
            tokens = int(tokens_of_characters(longest)) + tokens_of(self.system) + CHAT_TOKENS
            if tokens > self.model.record_tokens:
                raise too_long(f"a text of {longest:,} characters", tokens, self.model)

    def _named(self, key: str) -> int | None:
        value = self.section.get(key)
        return None if value in (None, AUTO) else value
