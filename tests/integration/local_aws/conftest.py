from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.accounts.file import AccountFile
from local_aws.accounts.reading import parse_account
from local_aws.server import EmbeddedAws, Options
from local_aws.services.hosting_options import HostingOptions
from tests.integration.local_aws.aws import Aws
from tests.integration.local_aws.runtime import FakeRuntime
from tests.integration.local_aws.sample_account import sample_account

FIXTURE = Path(__file__).parent / "fixture" / "template.yaml"


def options_of(*accounts: AccountFile) -> Options:
    """The fixture's stack in the place of the first account, with all of them beside it."""
    return Options(
        template=FIXTURE,
        stack_name="fixture",
        # Time goes on as it does for everybody: tests let it pass with `clock.advance`.
        time_scale=1,
        hosting=HostingOptions(provisioning_seconds=4, activation_seconds=0, deletion_seconds=4),
        lambda_runtime=FakeRuntime.make,
        account=accounts[0].account_id,
        region=accounts[0].region,
        accounts=accounts,
    )


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """The fixture's stack, with functions in this process, waits six hundred times as fast."""
    runtimes: list[FakeRuntime] = []

    def make(**arguments: Any) -> FakeRuntime:
        runtimes.append(FakeRuntime.make(**arguments))
        return runtimes[0]

    options = Options(template=FIXTURE, stack_name="fixture", time_scale=600, lambda_runtime=make)
    with EmbeddedAws(options) as embedded:
        yield Aws(embedded, runtimes[0])


@pytest.fixture
def handle(aws: Aws) -> Iterator[Callable[[str, Callable[[Any], Any]], None]]:
    """Say what a handler does in this test."""
    yield aws.runtime.handlers.__setitem__
    aws.runtime.handlers.clear()


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    """The fixture's stack beside an account with one of everything; reads only, or its own."""
    loaded = parse_account(sample_account(), "sample account")
    with EmbeddedAws(options_of(loaded)) as embedded:
        yield embedded
