"""Many random endpoint histories. ``make test-idle-million`` tries a million of them."""

import os
from collections import Counter
from random import Random

from tests.unit.audit.endpoint_histories import STILL_FOUND, history, outcome

COUNT = int(os.environ.get("IDLE_HISTORIES", "20000"))
_AT_ONCE = 1000


def test_every_idle_endpoint_is_found_and_exactly_those_without_a_hazard_are_to_be_ended() -> None:
    seen: Counter[str] = Counter()
    idle = 0
    for batch in range(0, COUNT, _AT_ONCE):
        rng = Random(batch)
        made = [history(rng, f"e{index}") for index in range(min(_AT_ONCE, COUNT - batch))]
        said = outcome(made)
        for one in made:
            name = one.endpoint.name
            if one.hazards:
                assert name not in said.ended, (batch, name, one.hazards)
            else:
                assert said.ended.get(name) is one.step, (batch, name, one.endpoint.tags)
            if one.hazards <= STILL_FOUND:
                assert name in said.found, (batch, name, one.hazards)
            seen.update(one.hazards)
        idle += len(said.ended)
    # The generator did make each hazard, and idle endpoints too.
    assert min(seen.values()) > COUNT / 200
    assert COUNT / 5 < idle < COUNT / 2
