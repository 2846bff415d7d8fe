"""Every test runs with an empty AWS environment and credentials that open nothing."""

import os
from typing import Any, ClassVar

import pytest
from botocore import loaders, session
from botocore.loaders import JSONFileLoader
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


class DescriptionsReadOnce(JSONFileLoader):
    """Reads each of botocore's descriptions of services once for all sessions.

    Each test has sessions of its own, and a session parses what it needs anew, which is a third of
    the time of a test on moto. moto reads its own, as botocore changes those of a client.
    """

    _read: ClassVar[dict[str, Any]] = {}

    def load_file(self, file_path: str) -> Any:
        found = self._read.get(file_path) or super().load_file(file_path)
        if found is not None:
            self._read[file_path] = found
        return found


def _loader(search_path_string: str | None = None) -> loaders.Loader:
    made = loaders.create_loader(search_path_string)
    made.file_loader = DescriptionsReadOnce()
    return made


session.create_loader = _loader


@pytest.fixture(autouse=True)
def fake_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clears what the developer's shell says about AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in _FAKE.items():
        monkeypatch.setenv(name, value)
