"""The engine that an account does not have."""

from decimal import Decimal
from typing import Any, cast

import pytest

from tests.unit.runs.engines.works import order, work
from thriftline.core.errors import InvalidRunSpecError
from thriftline.core.settings import Settings
from thriftline.runs.engines.port import EngineSite
from thriftline.runs.engines.registry import Engines

LOCAL = Engines(EngineSite(Settings({}), cast("Any", None))).named("local")


def test_it_costs_nothing_and_is_done_by_a_command_elsewhere() -> None:
    quote = LOCAL.quote(work())
    assert quote.likely_usd == quote.worst_usd == Decimal(0)
    assert quote.cannot is not None
    assert "`thriftline prepare run.yaml --data DIR --into DIR`" in quote.cannot


def test_an_account_starts_none_and_has_none() -> None:
    with pytest.raises(InvalidRunSpecError, match="Nothing was spent"):
        LOCAL.start(order({}))
    assert LOCAL.look(order({})) is None
    LOCAL.stop(order({}))
