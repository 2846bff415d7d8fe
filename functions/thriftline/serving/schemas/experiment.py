"""One comparison on live traffic as it is written down: what was fixed, seen and concluded."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from thriftline.serving.domain.experiments import Kind, Measure, Plan, ShadowState, SplitState

Ending = Literal["better", "worse", "no_difference", "undecided"]
Cause = Literal["evidence", "deadline", "stopped", "split", "changed", "failed"]
Phase = Literal["starting", "running", "ending"]


class Document(BaseModel):
    """A part of a document. What is not known is null."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Contender(Document):
    """One of both models."""

    model_package_arn: str
    number: int = Field(description="Of the version in the model registry.")
    image: str
    artifact_uri: str


class Made(Document):
    """What the experiment runs on, from its start on."""

    former_config: str = Field(description="To which the endpoint returns at the end.")
    config: str
    model: str
    instance_type: str
    champion_instances: int
    challenger_instances: int
    cost_usd_at_most: Decimal | None = Field(
        description="Of both variants until the deadline; null where a rate is not known."
    )
    price_source: str | None = None
    started_at: datetime


class Experiment(Document):
    """``serving/{endpoint}/experiments/{id}/experiment.json``: fixed before the first request."""

    schema_version: Literal["1.0"] = "1.0"
    experiment_id: str
    endpoint: str
    project: str
    kind: Literal["shadow", "ab"]
    measure: Literal["accuracy", "errors"]
    weight: float = Field(description="The challenger's share, or that of a shadow's requests.")
    alpha: float
    power: float
    least_difference: float
    then: Literal["promote", "report"]
    requested_by: str
    why: str
    token: str
    execution_arn: str
    opened_at: datetime
    deadline: datetime
    spec: dict[str, Any] = Field(description="The serve spec with its defaults filled in.")
    named: tuple[str, ...] = Field((), description="Keys of the spec that somebody has set.")
    champion: Contender
    challenger: Contender
    made: Made | None = None

    @property
    def plan(self) -> Plan:
        """What the domain decides by."""
        return Plan(
            kind=Kind(self.kind),
            measure=Measure(self.measure),
            weight=self.weight,
            alpha=self.alpha,
            power=self.power,
            least_difference=self.least_difference,
            deadline=self.deadline,
        )


class Disagreement(Document):
    """A text that both models answered differently; its label comes by ``request``."""

    request: str = Field(description="The inference id, else the event id: a label names it.")
    text: str = Field(description="Hidden where it looks like personal data.")
    champion: tuple[str, ...]
    challenger: tuple[str, ...]


class Concluded(Document):
    """How it ends."""

    ending: Ending
    cause: Cause
    reason: str


class ExperimentState(Document):
    """``…/state.json``: everything that is counted, and until when. Written in one piece."""

    phase: Phase = "starting"
    counted_until: datetime | None = Field(
        None, description="Of this on nothing is counted yet: a minute, or an hour of captures."
    )
    share: float | None = Field(None, description="The challenger's share at the last look.")
    split: SplitState | None = None
    shadow: ShadowState | None = None
    label_keys: tuple[str, ...] = Field((), description="Files of labels that were read.")
    labels: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Labels that have no answer yet, or decide."
    )
    judged: tuple[str, ...] = Field((), description="Requests whose label was counted.")
    conclusion: Concluded | None = None
    ending_since: datetime | None = None
    notes: tuple[str, ...] = ()


class VariantCounts(Document):
    """Requests (labelled ones, for accuracy) and mistakes of one variant."""

    requests: int
    mistakes: int


class SplitFigures(Document):
    """What a comparison with split traffic counted."""

    champion: VariantCounts
    challenger: VariantCounts
    evidence_worse: float = Field(description="The most that the e-value ever was.")
    evidence_better: float


class ShadowFigures(Document):
    """What a shadow test counted."""

    pairs: int
    disagreements: int
    labelled: int
    champion_right: int
    challenger_right: int
    both_wrong: int
    exact_p: float = Field(description="McNemar's, as if this were the only look.")


class DifferenceRange(Document):
    """Challenger's rate of mistakes less the champion's; it holds at all times at once."""

    low: float
    high: float


class ExperimentResult(Document):
    """``…/result.json``, and ``…/progress.json`` while ``ending`` is null."""

    schema_version: Literal["1.0"] = "1.0"
    experiment_id: str
    endpoint: str
    project: str
    kind: Literal["shadow", "ab"]
    measure: Literal["accuracy", "errors"]
    weight: float
    champion: Contender
    challenger: Contender
    requested_by: str
    why: str
    started: datetime | None
    deadline: datetime
    ended: datetime | None = None
    ending: Ending | None = None
    cause: Cause | None = None
    reason: str
    alpha: float
    power: float
    least_difference: float
    least_detectable_difference: float | None = Field(
        description="What so many requests or labels show; null where they show none."
    )
    split: SplitFigures | None = None
    shadow: ShadowFigures | None = None
    interval: DifferenceRange | None = None
    cost_usd_at_most: Decimal | None = None
    after: str = Field("", description="What became of the endpoint.")
    notes: tuple[str, ...] = ()
    disagreements_uri: str | None = None
