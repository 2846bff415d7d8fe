"""A stack of its own for each test of a deployment."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.unit.serving.deployment_world import DeploymentWorld


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeploymentWorld]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield DeploymentWorld()
