"""Every test runs with an empty AWS environment and credentials that open nothing."""

import os

import pytest
from hypothesis import settings

# Timings decide no test, and the gate says the same of the same commit each time. New examples are
# looked for with EXPLORE=1.
settings.register_profile("gate", deadline=None, derandomize=not os.environ.get("EXPLORE"))
settings.load_profile("gate")

_FAKE = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    # There is no X-Ray daemon to send traces to.
    "POWERTOOLS_TRACE_DISABLED": "1",
}


@pytest.fixture(autouse=True)
def fake_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clears what the developer's shell says about AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in _FAKE.items():
        monkeypatch.setenv(name, value)
