"""Quotas that the embedded AWS is started with, by its options and by its command."""

import argparse

import pytest

from local_aws.command_line import add_serve, options_of
from local_aws.server import ACCOUNT, EmbeddedAws, Options
from tests.integration.local_aws.conftest import FIXTURE
from tests.integration.local_aws.runtime import FakeRuntime

NAME = "ml.g5.xlarge for spot training job usage"


def parsed(*arguments: str) -> Options:
    parser = argparse.ArgumentParser()
    add_serve(parser.add_subparsers())
    return options_of(parser.parse_args(["serve", *arguments]))


def test_quotas_are_set_when_it_is_started() -> None:
    options = Options(
        template=FIXTURE,
        stack_name="fixture",
        lambda_runtime=FakeRuntime.make,
        quotas=parsed("--quota", f"{NAME}=3").quotas,
    )
    with EmbeddedAws(options) as embedded:
        assert embedded.services.quotas.at(ACCOUNT, embedded.region).limit(NAME) == 3


def test_a_quota_without_a_number_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--quota", NAME)
    assert "is not Name=Number" in capsys.readouterr().err
