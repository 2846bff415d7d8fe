"""What an hour of a node costs: EC2, DBUs and volumes. A rate that nobody said is None.

The stack's rates win over those of a run spec: who pays is sure of them. DBUs cost the same on
Spot: there only EC2's part is less.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidStackParameterError
from thriftline.core.settings import Settings

_SECTION = "prepare.databricks"
_HOURS_OF_A_MONTH = Decimal(730)
_Rate = Annotated[Decimal, Field(gt=0, le=10_000)]


class NodeRates(BaseModel):
    """The rates of one node type."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    dbu_per_hour: _Rate | None = None
    ec2_usd_per_hour: _Rate | None = None


_STACK_NODES: TypeAdapter[dict[str, NodeRates]] = TypeAdapter(
    dict[str, NodeRates], config=ConfigDict(defer_build=True)
)
_STACK_RATE: TypeAdapter[_Rate | None] = TypeAdapter(
    _Rate | None, config=ConfigDict(defer_build=True)
)


@dataclass(frozen=True)
class ClusterRates:
    """The rates of each type that a node may be of, its place in the run spec beside it.

    ``ignored`` names the fields of the run spec that the stack's own rates replace.
    """

    usd_per_dbu: Decimal | None
    nodes: tuple[tuple[str, str, NodeRates], ...]
    ignored: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that nobody said, in order."""
        dbu = () if self.usd_per_dbu else (f"{_SECTION}.usd_per_dbu",)
        return (
            *dbu,
            *(
                f"{place}.{name}"
                for place, _, node in self.nodes
                for name in NodeRates.model_fields
                if getattr(node, name) is None
            ),
        )


@dataclass(frozen=True)
class Hour:
    """The dollars of a node's hour at the most: those of the most expensive type."""

    node_type: str
    ec2_usd: Decimal
    dbus: Decimal
    usd_per_dbu: Decimal
    ebs_usd: Decimal

    @property
    def dbu_usd(self) -> Decimal:
        """What its DBUs cost."""
        return self.dbus * self.usd_per_dbu

    @property
    def usd(self) -> Decimal:
        """All of it, on demand."""
        return self.ec2_usd + self.dbu_usd + self.ebs_usd

    def with_ec2_at(self, share: Decimal) -> Decimal:
        """All of it where EC2 asks only a share of its rate."""
        return self.ec2_usd * share + self.dbu_usd + self.ebs_usd


def rates_of(section: Mapping[str, Any], settings: Settings) -> ClusterRates:
    """Returns the rates of a cluster, as far as the stack or the run spec says them.

    Raises:
        InvalidStackParameterError: a parameter of the stack is no rate.
    """
    usd_per_dbu, stack = _stack_dbu(settings), _stack_nodes(settings)
    told = _number(section.get("usd_per_dbu"))
    ignored = [f"{_SECTION}.usd_per_dbu"] if _differ(told, usd_per_dbu) else []
    nodes = []
    for place, one in _node_types(section):
        name = str(one["node_type"])
        own = stack.get(name, NodeRates())
        asked = {field: _number(one.get(field)) for field in NodeRates.model_fields}
        ignored += [
            f"{place}.{field}" for field in asked if _differ(asked[field], getattr(own, field))
        ]
        merged = {field: getattr(own, field) or asked[field] for field in asked}
        nodes.append((place, name, NodeRates.model_validate(merged)))
    return ClusterRates(usd_per_dbu or told, tuple(nodes), tuple(ignored))


def hour_of(rates: ClusterRates, ebs_gib: int, usd_per_gib_month: Decimal) -> Hour | None:
    """Returns what a node costs in an hour at the most; None where a rate is missing."""
    if rates.missing or rates.usd_per_dbu is None:
        return None
    ebs = ebs_gib * usd_per_gib_month / _HOURS_OF_A_MONTH
    hours = [
        Hour(
            name,
            node.ec2_usd_per_hour or Decimal(0),
            node.dbu_per_hour or Decimal(0),
            rates.usd_per_dbu,
            ebs,
        )
        for _, name, node in rates.nodes
    ]
    return max(hours, key=lambda hour: hour.usd)


def _node_types(section: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    alternates = section.get("alternate_node_types") or ()
    return [
        (_SECTION, section),
        *(
            (f"{_SECTION}.alternate_node_types.{index}", one)
            for index, one in enumerate(alternates)
        ),
    ]


def _stack_dbu(settings: Settings) -> Decimal | None:
    try:
        return _STACK_RATE.validate_python(settings.databricks_usd_per_dbu)
    except ValidationError:
        raise InvalidStackParameterError(
            "DatabricksUsdPerDbu must be the dollars of a DBU, such as 0.15, or empty"
        ) from None


def _stack_nodes(settings: Settings) -> Mapping[str, NodeRates]:
    try:
        return _STACK_NODES.validate_json(settings.databricks_node_rates)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InvalidStackParameterError(
            "DatabricksNodeRates must be a JSON object such as "
            '{"m5.xlarge": {"dbu_per_hour": "0.69", "ec2_usd_per_hour": "0.192"}}; '
            f"{place or 'the text'}: {error.errors()[0]['msg']}"
        ) from None


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _differ(told: Decimal | None, own: Decimal | None) -> bool:
    return told is not None and own is not None and told != own
