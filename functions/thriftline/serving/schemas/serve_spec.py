"""The serve spec: what ``serve.yaml`` beside a project's data may say, with every default.

``docs/serve_spec.md`` is generated from these models (``make docs``); a test holds both equal.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from thriftline.core.section import Section
from thriftline.serving.domain.kinds import (
    Compare,
    Component,
    Kind,
    Serverless,
    ServingBudget,
    ServingWish,
)
from thriftline.serving.schemas.serve_sections import (
    AlarmsSection,
    AsynchronousSection,
    CaptureSection,
    CompareSection,
    ComponentSection,
    InstanceSection,
    QualitySection,
    RolloutSection,
    ScalingSection,
    ScheduleSection,
    ServerlessSection,
    ServingBudgetSection,
)

KindName = Literal["real-time", "serverless", "asynchronous", "component", "multi-model"]
EndpointName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$")]


class ServeSpec(Section):
    """All of ``serve.yaml``. Every key may be left out."""

    version: Literal[1] = Field(1, description="Of this form of the file.")
    kind: KindName = Field("real-time", description="How SageMaker serves the model.")
    endpoint: EndpointName | None = Field(
        None, description="The endpoint's name; `{stack}-{project}` when absent."
    )
    on_approval: bool = Field(
        False,
        description="Deploy each version as soon as the registry says that it is approved.",
    )
    instance: InstanceSection = Field(default_factory=InstanceSection)
    serverless: ServerlessSection = Field(default_factory=ServerlessSection)
    asynchronous: AsynchronousSection = Field(default_factory=AsynchronousSection)
    component: ComponentSection = Field(default_factory=ComponentSection)
    scaling: ScalingSection | None = Field(
        None, description="Scaling by the load; the count stays as it is when absent."
    )
    rollout: RolloutSection = Field(default_factory=RolloutSection)
    alarms: AlarmsSection = Field(default_factory=AlarmsSection)
    capture: CaptureSection = Field(default_factory=CaptureSection)
    schedule: ScheduleSection | None = Field(
        None, description="When the endpoint is on; always when absent."
    )
    quality: QualitySection | None = Field(
        None,
        description="The watch over live quality; its defaults hold while requests are captured.",
    )
    compare: CompareSection | None = Field(
        None,
        description="A comparison on live traffic before a version takes over; none when absent.",
    )
    budget: ServingBudgetSection = Field(default_factory=ServingBudgetSection)

    def wish(self, named: frozenset[str] = frozenset()) -> ServingWish:
        """Returns what the domain decides by.

        Args:
            named: the keys that the file holds, as ``section`` and ``section.key``.
        """
        return ServingWish(
            kind=Kind(self.kind),
            instance_type=None if self.instance.type == "auto" else self.instance.type,
            instances=self.instance.count,
            rollout=self.rollout.to_domain(),
            alarms=self.alarms.to_domain(),
            serverless=Serverless(**self.serverless.model_dump()),
            component=Component(**self.component.model_dump()),
            max_concurrent_per_instance=self.asynchronous.max_concurrent_per_instance,
            scaling=None if self.scaling is None else self.scaling.to_domain(),
            capture_percent=self.capture.percent,
            scheduled=self.schedule is not None,
            compare=None if self.compare is None else Compare(self.compare.kind),
            budget=ServingBudget(**self.budget.model_dump()),
            named=named,
        )


def named_keys(given: Mapping[str, Any]) -> frozenset[str]:
    """Returns the keys that a file holds, as ``section`` and ``section.key``."""
    inner = {
        f"{section}.{key}"
        for section, value in given.items()
        if isinstance(value, Mapping)
        for key in value
    }
    return frozenset(given) | inner
