from collections.abc import Iterator

import pytest

from local_aws.accounts.reading import parse_account
from local_aws.server import EmbeddedAws
from tests.integration.audit.clients import OnceClients
from tests.integration.local_aws.conftest import options_of
from tests.integration.local_aws.sample_account import REGION, sample_account


@pytest.fixture(scope="module")
def sample() -> Iterator[EmbeddedAws]:
    """An account with one of everything, none of whose calls fails by itself."""
    document = sample_account(api_errors=[])
    with EmbeddedAws(options_of(parse_account(document, "sample account"))) as embedded:
        yield embedded


@pytest.fixture
def clients(sample: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnceClients]:
    """Clients of the sample account; no fault outlives a test."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", sample.endpoint)
    yield OnceClients(REGION, functions=("CollectPartFunction",))
    sample.faults.clear()
