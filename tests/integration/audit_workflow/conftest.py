"""One embedded AWS with the report's account for the tests that change nothing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from laptop.stack import with_own_stack
from local_aws.accounts.reading import REPORT_ACCOUNT, with_accounts
from local_aws.server import EmbeddedAws, Options
from tests.integration.audit_workflow.world import AuditWorld

Start = Callable[[str], AuditWorld]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Starts the report's account under a mode; the one before it ends."""
    with ExitStack() as running:

        def begin(mode: str) -> AuditWorld:
            running.close()
            options = Options(time_scale=60, parameters={"AuditMode": mode})
            with_account = with_accounts(with_own_stack(options), [REPORT_ACCOUNT])
            return AuditWorld(running.enter_context(EmbeddedAws(with_account)))

        yield begin
