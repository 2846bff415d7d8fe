"""The dated price catalogue that plans and audits reckon with."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from thriftline.api.answers import Answer, PageAsk
from thriftline.money.usd import Usd

Component = Literal["Training", "Hosting", "Processing", "Notebook"]


class PricesAsk(PageAsk):
    """Which rates are listed."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")] | None = Field(
        None, description="Null: the stack's own region."
    )
    component: Component = Field("Training", description="What the instance is used for.")
    instance_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,40}$")] | None = Field(
        None, description="Only this one, such as ml.g5.xlarge."
    )


class InstancePrice(Answer):
    """One rate."""

    instance_type: str
    component: str
    region: str
    usd: Usd
    unit: str
    source: str
    date: date
    stands_in_for: str | None = Field(
        description="The list has no rate for this component; the true one may be higher."
    )


class PricePage(Answer):
    """Some rates, in order of the instance types."""

    items: tuple[InstancePrice, ...]
    next_token: str | None
