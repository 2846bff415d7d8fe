"""``budget`` of the run spec: what the run may cost."""

from decimal import Decimal

from pydantic import Field

from thriftline.core.section import Section


class BudgetSection(Section):
    """What the run may cost."""

    max_usd: Decimal = Field(
        Decimal("10.00"),
        gt=0,
        le=1_000_000,
        description="A run whose worst case costs more gets less time where the work is probably "
        "done in it, else it is refused.",
    )
    approval_above_usd: Decimal | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="A person is asked first when the worst case is above it; the stack's "
        "parameter ApprovalAboveUsd may be lowered by it, not raised.",
    )
    unpriced_allowance_usd: Decimal | None = Field(
        None,
        gt=0,
        le=1_000_000,
        description="What a run may cost where the price list lacks a row that it needs: so many "
        "dollars are held for it. When absent, such a run is refused as unpriced.",
    )
