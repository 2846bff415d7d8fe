from typing import Any

import pytest

from local_aws.hooks import Hooks, MotoChangedError, check_moto_version
from local_aws.stepfunctions.errors import matches


class Thing:
    number = 1

    @staticmethod
    def fixed() -> str:
        return "fixed"

    def method(self) -> str:
        return "method"


def test_hooks_are_undone_completely() -> None:
    before = dict(vars(Thing))
    hooks = Hooks()

    hooks.replace(Thing, "number", 2)
    hooks.replace(Thing, "number", 3)
    hooks.replace(Thing, "fixed", staticmethod(lambda: "other"))
    hooks.replace(Thing, "method", lambda _self: "other")
    hooks.add(Thing, "more", 1)
    assert (Thing.number, Thing.fixed(), Thing().method()) == (3, "other", "other")

    hooks.undo()
    assert dict(vars(Thing)) == before


def test_an_inherited_attribute_is_inherited_again() -> None:
    class Special(Thing):
        pass

    hooks = Hooks()
    hooks.replace(Special, "number", 2)
    assert (Special.number, Thing.number) == (2, 1)

    hooks.undo()

    assert "number" not in vars(Special)


def test_an_attribute_that_moto_no_longer_has_is_named() -> None:
    with pytest.raises(MotoChangedError, match=r"Thing has no attribute gone: .* moto 5\.2\.5"):
        Hooks().replace(Thing, "gone", 1)
    with pytest.raises(MotoChangedError, match="Thing has number"):
        Hooks().add(Thing, "number", 1)


def test_the_installed_moto_is_the_one_that_the_hooks_were_written_for() -> None:
    check_moto_version()


@pytest.mark.parametrize(
    ("listed", "error", "expected"),
    [
        ({"CapacityError"}, "CapacityError", True),
        ({"CapacityError"}, "OtherError", False),
        ({"States.ALL"}, "CapacityError", True),
        ({"States.ALL"}, "States.Timeout", True),
        ({"States.ALL"}, "States.QueryEvaluationError", True),
        ({"States.ALL"}, "States.Runtime", False),
        ({"States.ALL"}, "States.DataLimitExceeded", False),
        ({"States.TaskFailed"}, "CapacityError", True),
        ({"States.TaskFailed"}, "States.Timeout", False),
        ({"States.Timeout"}, "States.HeartbeatTimeout", True),
        ({"States.Runtime"}, "States.Runtime", True),
    ],
)
def test_error_names_match_as_step_functions_says(
    listed: set[str], error: str, expected: Any
) -> None:
    assert matches(listed, error) is expected
