"""`thriftline deploy`: what is looked at first, and what it runs then."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.cli.fake_api import FakeApi
from thriftline_cli.commands.deploy import commands
from thriftline_cli.commands.estimate import words
from thriftline_cli.context import Context
from thriftline_cli.deploying import (
    all_checks,
    check_image,
    check_parameters,
    check_quotas,
    parameters_of,
)
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import parsed

ROOT = Path(__file__).parents[3]
KNOWN = parameters_of(ROOT / "template.yaml")
SPOT, ON_DEMAND = "ml.g5.xlarge for spot training job usage", "ml.g5.xlarge for training job usage"


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "x")


@dataclass
class Account:
    """ECR and Service Quotas in one."""

    tags: tuple[str, ...] = ("0.1.0",)
    quotas: dict[str, float] = field(default_factory=lambda: {SPOT: 1, ON_DEMAND: 2, "other": 0})
    refusal: str = ""

    def client(self, _: str) -> "Account":
        return self

    def describe_images(self, repositoryName: str, imageIds: list[dict[str, str]]) -> None:
        if self.refusal:
            raise refused(self.refusal)
        if imageIds[0]["imageTag"] not in self.tags:
            raise refused("ImageNotFoundException")

    def get_paginator(self, _: str) -> "Account":
        return self

    def paginate(self, ServiceCode: str) -> list[dict[str, Any]]:
        if self.refusal:
            raise refused(self.refusal)
        assert ServiceCode == "sagemaker"
        quotas = [
            {"QuotaName": name, "Value": value, "QuotaCode": "L-1"}
            for name, value in self.quotas.items()
        ]
        return [{"Quotas": quotas[:1]}, {"Quotas": quotas[1:]}]


@pytest.mark.parametrize(
    ("given", "said", "fix"),
    [
        ({"AuditMod": "act"}, "no parameter AuditMod", "did you mean AuditMode?"),
        ({"AuditMode": "delete"}, "AuditMode is 'delete'", "one of report, mark, act"),
        ({"ApprovalHours": "soon"}, "ApprovalHours is 'soon'", ""),
        ({"LogRetentionDays": "31"}, "LogRetentionDays is '31'", ""),
    ],
)
def test_a_parameter_that_the_template_refuses_is_refused_before(
    given: dict[str, str], said: str, fix: str
) -> None:
    (found,) = check_parameters(KNOWN, given)
    assert found.passed is False
    assert said in found.sentence
    assert fix in found.fix


def test_parameters_that_fit_pass_and_the_rest_has_defaults() -> None:
    (found,) = check_parameters(KNOWN, {"AuditMode": "act"})
    assert found.passed
    assert list(check_parameters(KNOWN, {})) == []
    (missing,) = check_parameters({"Needed": {"Type": "String"}}, {})
    assert missing.passed is False


def test_the_image_must_be_there_and_before_the_stack_it_cannot_be() -> None:
    repository = "1.dkr.ecr.eu-central-1.amazonaws.com/thriftline-training"
    assert check_image(repository, "0.1.0", Account().client).passed
    gone = check_image(repository, "0.2.0", Account().client)
    assert gone.passed is False
    assert "docker push" in gone.fix
    assert check_image(None, "0.1.0", Account().client).passed is None
    denied = Account(refusal="AccessDeniedException")
    assert check_image(repository, "0.1.0", denied.client).passed is None


def test_a_quota_of_none_names_the_command_that_asks_for_one() -> None:
    spot, on_demand = check_quotas("ml.g5.xlarge", Account(quotas={SPOT: 0, ON_DEMAND: 1}).client)
    assert (spot.passed, on_demand.passed) == (False, True)
    assert "request-service-quota-increase --service-code sagemaker --quota-code L-1" in spot.fix
    unknown = list(check_quotas("ml.new.large", Account().client))
    assert [one.passed for one in unknown] == [None, None]
    (denied,) = check_quotas("ml.g5.xlarge", Account(refusal="AccessDenied").client)
    assert denied.passed is None


def test_everything_is_looked_at_with_the_wanted_values() -> None:
    checks = all_checks(
        ROOT / "template.yaml",
        {"TrainingImageTag": "9.9"},
        {"TrainingRepositoryUri": "host/repo"},
        Account().client,
    )
    assert [one.name for one in checks] == ["TrainingImageTag", "image", "quota", "quota"]
    assert "host/repo:9.9 is not there" in checks[1].sentence


class Accounts(FakeApi, Account):
    def __init__(self, **account: Any) -> None:
        FakeApi.__init__(self)
        Account.__init__(self, **account)


def test_check_only_looks_and_a_failed_check_deploys_nothing() -> None:
    fine = Accounts()
    assert fine.command("deploy AuditMode=mark --check --output json") == Exit.DONE
    assert [one["passed"] for one in fine.answer] == [True, None, True, True]
    poor = Accounts(quotas={SPOT: 0, ON_DEMAND: 0})
    assert poor.command("deploy --yes --output json") == Exit.REFUSED
    assert any("request-service-quota-increase" in line for line in poor.said)
    assert fine.command("deploy AuditMode --check") == Exit.USAGE


def test_without_a_yes_nothing_is_deployed() -> None:
    account = Accounts()
    assert account.command("deploy") == Exit.REFUSED
    assert account.said[-1].endswith("say --yes")


def test_sam_builds_and_deploys_with_the_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context(parsed(["deploy", "--stack", "mine", "--region", "eu-central-1"]))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="SAM CLI"):
        commands({}, context, execute=True)
    sam = tmp_path / "sam"
    sam.write_text("#!/bin/sh\n")
    sam.chmod(0o755)
    build, deploy = commands({"AuditMode": "act"}, context, execute=False)
    assert build == [str(sam), "build"]
    assert deploy[1:4] == ["deploy", "--stack-name", "mine"]
    assert deploy[-2:] == ["--parameter-overrides", "AuditMode=act"]
    assert {"--no-execute-changeset", "CAPABILITY_AUTO_EXPAND"} <= set(deploy)
    assert deploy[deploy.index("--region") + 1] == "eu-central-1"


def test_an_estimate_is_the_laptops(tmp_path: Path) -> None:
    line = ["estimate", "my.csv", "--spec", "run.yaml", "--region", "eu-west-1"]
    assert words(parsed(line)) == ["my.csv", "--run", "run.yaml", "--region", "eu-west-1"]
    assert words(parsed(["estimate"])) == []
    done = subprocess.run(
        [sys.executable, "-m", "thriftline_cli", "estimate", "gone.csv"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "cli")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "gone.csv" in done.stderr
