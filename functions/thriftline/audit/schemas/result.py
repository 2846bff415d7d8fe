"""What the rules said about one account and region, on its way to plan and report."""

from functools import cache

from pydantic import TypeAdapter

from thriftline.audit.domain.actions import ActionPlan
from thriftline.audit.domain.audit import Audit
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True)
class TargetResult:
    """The audit of one inventory, the actions for it, and the bill that charts are drawn of."""

    audit: Audit
    plan: ActionPlan
    window: Window
    costs: tuple[CostLine, ...]


@cache
def _result() -> TypeAdapter[TargetResult]:
    return TypeAdapter(TargetResult)


def encode_result(result: TargetResult) -> bytes:
    """Returns the result as JSON."""
    return _result().dump_json(result)


def decode_result(text: bytes | str) -> TargetResult:
    """Returns the result that ``encode_result`` wrote.

    Raises:
        pydantic.ValidationError: the text is not such a result.
    """
    return _result().validate_json(text)


@cache
def _plan() -> TypeAdapter[ActionPlan]:
    return TypeAdapter(ActionPlan)


def encode_plan(plan: ActionPlan) -> bytes:
    """Returns a plan, of one target or of all, as JSON."""
    return _plan().dump_json(plan)


def decode_plan(text: bytes | str) -> ActionPlan:
    """Returns the plan that ``encode_plan`` wrote.

    Raises:
        pydantic.ValidationError: the text is not such a plan.
    """
    return _plan().validate_json(text)
