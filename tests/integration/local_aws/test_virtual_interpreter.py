"""The machines of tests/virtual_time/cases.py end here as they do in virtual time."""

import pytest

from tests.integration.local_aws.aws import Aws
from tests.integration.local_aws.machine_handlers import Handle
from tests.virtual_time.cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_machine_ends_as_it_does_in_virtual_time(aws: Aws, handle: Handle, case: Case) -> None:
    left = list(case.answers)

    def answer(_event: object) -> object:
        said = left.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    handle("handlers.echo", answer)
    if case.error:
        assert aws.fail(case.states, case.given)["error"] == case.error
    else:
        assert aws.run(case.states, case.given) == case.output
