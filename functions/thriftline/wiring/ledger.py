"""Puts the month's ledger and its budgets together from the environment."""

from functools import cache
from typing import TYPE_CHECKING

from thriftline.core.aws.clients import client, client_without_retries
from thriftline.money.aws.ledger_table import LedgerTable
from thriftline.money.budgets import read_budgets
from thriftline.money.ledger import Budgets
from thriftline.wiring.shared import settings

if TYPE_CHECKING:
    from thriftline.money.aws.cost_explorer import CostExplorer

__all__ = ["budgets", "costs", "ledger"]


@cache
def ledger() -> LedgerTable:
    """The table of months."""
    return LedgerTable(client("dynamodb"), settings().ledger_table)


@cache
def costs() -> "CostExplorer":
    """What AWS billed the stack's account in its region."""
    from thriftline.money.aws.cost_explorer import CostExplorer

    # Each request is billed, and a month may take longer than other answers. Where it fails, Lambda
    # begins the function again.
    return CostExplorer(client_without_retries("ce"), settings().account_id, settings().region)


def budgets() -> Budgets:
    """The stack's budget of a month, and those of projects."""
    return read_budgets(settings().max_usd_per_month, settings().project_budgets)
