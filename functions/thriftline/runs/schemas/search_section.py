"""``search`` of the run spec: which hyperparameters are tried, in how many trials."""

import json
from math import prod
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, model_validator

from thriftline.core.section import Section
from thriftline.core.wording import counted
from thriftline.runs.domain.search import Search, halvings

MOST_TRIALS = 16
_Value = TypeVar("_Value")
Values = Annotated[tuple[_Value, ...], Field(min_length=1, max_length=MOST_TRIALS)]
Share = Annotated[float, Field(ge=0, lt=1)]


class SearchSection(Section):
    """Values to try for hyperparameters: the best in a short training is trained to its end.

    Every combination is a trial. They are compared on the validation split by ``eval_metric``.
    """

    learning_rate: Values[Annotated[float, Field(gt=0, le=0.1)]] | None = Field(
        None, description="Peak learning rates to try."
    )
    epochs: Values[Annotated[int, Field(ge=1, le=100)]] | None = Field(
        None, description="Numbers of epochs to try."
    )
    batch_tokens: Values[Annotated[int, Field(ge=64, le=1_048_576)]] | None = Field(
        None, description="Tokens of a step to try."
    )
    warmup_fraction: Values[Share] | None = Field(None, description="Warm-ups to try.")
    lr_schedule: Values[Literal["linear", "cosine"]] | None = Field(
        None, description="Schedules to try."
    )
    layer_decay: Values[Annotated[float, Field(ge=0.1, le=1)]] | None = Field(
        None, description="Layer decays to try."
    )
    weight_decay: Values[Annotated[float, Field(ge=0, le=1)]] | None = Field(
        None, description="Weight decays to try."
    )
    label_smoothing: Values[Share] | None = Field(None, description="Label smoothings to try.")
    trials: int | None = Field(
        None,
        ge=2,
        le=MOST_TRIALS,
        description="How many of the combinations are drawn, with the seed; all when absent.",
    )
    rungs: int | None = Field(
        None,
        ge=1,
        le=4,
        description="How often trials are compared and dropped; when absent, half of them go each "
        "time until one is left. Fewer cost less and judge earlier.",
    )

    @model_validator(mode="after")
    def _is_a_search(self) -> "SearchSection":
        twice = [name for name, values in self.values().items() if len(set(values)) < len(values)]
        if twice:
            raise ValueError(f"{twice[0]} has a value twice")
        if self.combinations < 2:
            raise ValueError(
                f"one combination of values needs no search; give {' or '.join(_searched())} two "
                "values or more, or take search out"
            )
        if self.combinations > MOST_TRIALS and self.trials is None:
            raise ValueError(
                f"there are {self.combinations} combinations of the values, and at most "
                f"{MOST_TRIALS} trials; trials says how many of them to draw"
            )
        if self.rungs is not None and self.rungs > halvings(self.trial_count):
            raise ValueError(
                f"rungs must be at most {halvings(self.trial_count)} for "
                f"{counted(self.trial_count, 'trial')}"
            )
        return self

    def values(self) -> dict[str, tuple[Any, ...]]:
        """Returns what is tried, by the name of the hyperparameter."""
        named = {name: getattr(self, name) for name in _searched()}
        return {name: values for name, values in named.items() if values is not None}

    @property
    def combinations(self) -> int:
        """All combinations of the values."""
        return prod(len(values) for values in self.values().values())

    @property
    def trial_count(self) -> int:
        """How many of them are tried."""
        return min(self.combinations, self.trials or self.combinations)

    def to_domain(self) -> Search:
        """Returns the search as it is planned."""
        return Search(self.trial_count, self.rungs)

    def as_hyperparameter(self) -> str:
        """Returns the search as the training program reads it."""
        return json.dumps(self.model_dump(exclude_none=True))


def _searched() -> list[str]:
    return [name for name in SearchSection.model_fields if name not in {"trials", "rungs"}]
