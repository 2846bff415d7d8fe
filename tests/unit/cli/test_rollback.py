"""Going back to the version before: the registry first, then what answers; nothing is deleted."""

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from thriftline_cli.bedrock_rollback import RollbackError, Services, roll_back

MODELS = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0/model000000"
STANDING = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/standing0000"
DOCUMENT = {"terms": {"rates": {"storage": "1.95"}}}


def _missing(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, operation)


@dataclass
class Aws:
    """A registry, a deployment and its models, as three clients in one."""

    versions: list[dict[str, Any]] = field(default_factory=list)
    answers_with: str | None = None
    gone: set[str] = field(default_factory=set)
    update_status: str = "UpdateCompleted"
    calls: list[str] = field(default_factory=list)

    def add(self, number: int, status: str = "Approved", trainer: str = "bedrock") -> None:
        """Adds a version that is newer than those before."""
        told = {"trainer": trainer, "model_uri": f"{MODELS}0{number}"}
        if trainer == "bedrock":
            told["deployment_arn"] = STANDING
        self.versions.insert(
            0,
            {
                "ModelPackageArn": f"arn:package/thriftline-reviews/{number}",
                "ModelPackageStatus": "Completed",
                "ModelApprovalStatus": status,
                "CustomerMetadataProperties": told,
                "SourceUri": f"s3://artifacts/runs/r{number}/model.json",
            },
        )

    def get_paginator(self, operation: str) -> "Aws":
        assert operation == "list_model_packages"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        assert request["ModelPackageGroupName"] == "thriftline-reviews"
        return [{"ModelPackageSummaryList": self.versions}]

    def describe_model_package(self, **request: Any) -> dict[str, Any]:
        arn = request["ModelPackageName"]
        return next(one for one in self.versions if one["ModelPackageArn"] == arn)

    def update_model_package(self, **request: Any) -> None:
        self.calls.append(f"registry {request['ModelPackageArn'][-1]}")
        self.describe_model_package(ModelPackageName=request["ModelPackageArn"]).update(request)

    def get_custom_model(self, **request: Any) -> dict[str, Any]:
        if request["modelIdentifier"] in self.gone:
            raise _missing("GetCustomModel")
        return {}

    def get_custom_model_deployment(self, **request: Any) -> dict[str, Any]:
        if self.answers_with is None:
            raise _missing("GetCustomModelDeployment")
        update = {"updateStatus": self.update_status}
        return {"modelArn": self.answers_with, "updateDetails": update}

    def update_custom_model_deployment(self, **request: Any) -> None:
        self.calls.append(f"deployment {request['modelArn'][-1]}")
        if self.update_status == "UpdateCompleted":
            self.answers_with = request["modelArn"]

    def get_object(self, **request: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(json.dumps(DOCUMENT).encode())}


def _aws(*trainers: str) -> Aws:
    aws = Aws()
    for number, trainer in enumerate(trainers, start=1):
        aws.add(number, trainer=trainer)
    aws.answers_with = f"{MODELS}0{len(trainers)}"
    return aws


def _roll_back(aws: Aws, *, dry_run: bool = False) -> str:
    said: list[str] = []
    services = Services(
        sagemaker=aws,
        bedrock=lambda: aws,
        s3=lambda: aws,
        say=said.append,
        sleep=lambda _: None,
        now=lambda: datetime(2026, 11, 29, 12, tzinfo=UTC),
    )
    roll_back("reviews", "thriftline", services, dry_run=dry_run, looks=3)
    return "\n".join(said)


def _statuses(aws: Aws) -> list[str]:
    return [one["ModelApprovalStatus"] for one in reversed(aws.versions)]


def test_the_version_before_is_in_use_and_answers_behind_the_same_arn() -> None:
    aws = _aws("bedrock", "bedrock")
    said = _roll_back(aws)
    assert aws.calls == ["registry 2", "deployment 1"]
    assert _statuses(aws) == ["Approved", "Rejected"]
    assert aws.answers_with == f"{MODELS}01"
    assert "Rolled back to version 1" in aws.versions[0]["ApprovalDescription"]
    assert "the model of version 2 stays and costs 1.95 USD a month" in said
    assert "s3://artifacts/runs/r1/model.json" in said


def test_a_dry_run_changes_nothing_and_says_what_it_would_do() -> None:
    aws = _aws("bedrock", "bedrock")
    said = _roll_back(aws, dry_run=True)
    assert aws.calls == []
    assert "would be: version 2 is rejected, version 1 is in use" in said
    assert f"would be: {STANDING} answers with {MODELS}01" in said


def test_versions_that_were_never_in_use_are_passed_over() -> None:
    aws = _aws("bedrock", "bedrock")
    aws.add(3, "Rejected")
    aws.add(4, "PendingManualApproval")
    _roll_back(aws)
    assert _statuses(aws) == ["Approved", "Rejected", "Rejected", "PendingManualApproval"]


def test_called_again_after_an_interruption_it_finishes_that_and_goes_no_further() -> None:
    aws = _aws("bedrock", "bedrock", "bedrock")
    aws.update_status = "Updating"
    with pytest.raises(RollbackError, match="still updating; call this again"):
        _roll_back(aws)
    assert _statuses(aws) == ["Approved", "Approved", "Rejected"]
    aws.update_status = "UpdateCompleted"
    said = _roll_back(aws)
    assert "was rolled back before, but it still answers" in said
    assert _statuses(aws) == ["Approved", "Approved", "Rejected"]
    assert aws.answers_with == f"{MODELS}02"
    # And only now one more.
    _roll_back(aws)
    assert _statuses(aws) == ["Approved", "Rejected", "Rejected"]


def test_nothing_is_done_where_there_is_nothing_to_go_back_to() -> None:
    for aws, said in (
        (Aws(), "no approved version"),
        (_aws("bedrock"), "first approved one"),
    ):
        with pytest.raises(RollbackError, match=said):
            _roll_back(aws)
        assert aws.calls == []


def test_a_model_that_is_gone_is_refused_before_anything_is_changed() -> None:
    aws = _aws("bedrock", "bedrock")
    aws.gone.add(f"{MODELS}01")
    with pytest.raises(RollbackError, match="is gone; nothing was done"):
        _roll_back(aws)
    assert aws.calls == []


def test_an_update_that_fails_is_told_with_what_to_do() -> None:
    aws = _aws("bedrock", "bedrock")
    aws.update_status = "UpdateFailed"
    with pytest.raises(RollbackError, match=r"could not update .*call this again"):
        _roll_back(aws)


def test_a_version_of_sagemaker_is_in_use_again_and_the_deployment_is_spoken_of() -> None:
    aws = _aws("sagemaker", "bedrock")
    said = _roll_back(aws)
    assert aws.calls == ["registry 2"]
    assert "version 1 was made by sagemaker" in said
    assert "costs 1.95 USD a month" in said


def test_without_a_deployment_the_registry_alone_is_changed() -> None:
    aws = _aws("bedrock", "bedrock")
    aws.answers_with = None
    said = _roll_back(aws)
    assert aws.calls == ["registry 2"]
    assert "no deployment on Bedrock" in said
