"""The engines of data preparation by name."""

from typing import Any, cast

import pytest

from thriftline.core.errors import InvalidRunSpecError
from thriftline.core.settings import Settings
from thriftline.runs.engines.port import EngineSite
from thriftline.runs.engines.registry import ENGINES, Engines

SITE = EngineSite(Settings({}), cast("Any", None))


def test_an_engine_is_made_once_when_it_is_first_asked_for() -> None:
    made: list[EngineSite] = []

    def make(site: EngineSite) -> Any:
        made.append(site)
        return object()

    engines = Engines(SITE, {"one": make, "other": make})
    assert made == []

    assert engines.named("one") is engines.named("one")
    assert made == [SITE]
    assert engines.names == ("one", "other")


def test_an_unknown_engine_is_a_clear_rejection() -> None:
    with pytest.raises(InvalidRunSpecError, match=r"prepare\.engine: no engine is called hadoop"):
        Engines(SITE).named("hadoop")


def test_every_registered_engine_has_the_name_that_it_is_registered_by() -> None:
    engines = Engines(SITE)

    assert [engines.named(name).name for name in engines.names] == list(ENGINES)
