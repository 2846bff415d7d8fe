"""Hands a retrained model back as a version of its project, which waits for a person."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from thriftline_notebook.answers import Answers
from thriftline_notebook.comparison import Comparison, NotCompared
from thriftline_notebook.places import RETRAINING, TRAINED_ROWS, Place, document_place
from thriftline_notebook.problems import RetrainingError
from thriftline_notebook.retraining import Retraining

# What the registry takes: at most 256 of certain characters a value, 1,024 a description.
_NOT_IN_METADATA = re.compile(r"[^\w .:/=+\-@]")
_LONGEST_METADATA = 256
_LONGEST_DESCRIPTION = 1024
_MISSING = ("NoSuchKey", "404")


@dataclass(frozen=True)
class HandBack:
    """A version to register. `who` is the ARN that STS gives of the caller."""

    retraining: Retraining
    source: Mapping[str, Any]
    job: Mapping[str, Any]
    answers: Answers
    with_champion: Comparison | NotCompared
    with_source: Comparison | NotCompared
    who: str
    why: str
    at: datetime

    @property
    def document_place(self) -> Place:
        """Where retraining.json lies."""
        return document_place(self.retraining.bucket, self.retraining.retraining_id, RETRAINING)

    @property
    def reason(self) -> str:
        """What a person should know who approves it."""
        scores = self.answers.scores
        return (
            f"Its accuracy is {scores.accuracy:.4f} and its macro-F1 {scores.macro_f1:.4f} on the "
            f"{len(self.answers.truth)} test records of run {self.retraining.source_run_id}. "
            f"{_said('the champion', self.with_champion)} {_said('that run', self.with_source)} "
            f"Changed: {self.retraining.what_changed}. It waits for a person: it was trained in a "
            "notebook, which no gate has judged."
        )

    def document(self) -> dict[str, Any]:
        """Return retraining.json: all of it, without the registry's limits."""
        retraining = self.retraining
        return {
            "schema_version": "1.0",
            "retraining_id": retraining.retraining_id,
            "source_run_id": retraining.source_run_id,
            "project": retraining.project,
            "who": self.who,
            "why": self.why,
            "registered_at": self.at.isoformat(timespec="seconds"),
            "changes": [dataclasses.asdict(each) for each in retraining.changes],
            "hyperparameters": dict(retraining.hyperparameters),
            "channels": {name: dict(each) for name, each in retraining.channels.items()},
            "image": retraining.image,
            "job_name": self.job["TrainingJobName"],
            "billable_seconds": self.job.get("BillableTimeInSeconds"),
            "training_seconds": self.job.get("TrainingTimeInSeconds"),
            "test_records": len(self.answers.truth),
            "scores": dataclasses.asdict(self.answers.scores),
            "champion_model_package_arn": (
                retraining.champion.package_arn if retraining.champion else None
            ),
            "with_champion": _as_document(self.with_champion),
            "with_source_run": _as_document(self.with_source),
            "reason": self.reason,
        }

    def metadata(self) -> dict[str, str]:
        """Return the version's customer metadata: the names that a run's own version has."""
        retraining, job, scores = self.retraining, self.job, self.answers.scores
        upload = self.source["upload"]
        billed = job.get("BillableTimeInSeconds")
        compared = isinstance(self.with_champion, Comparison) and retraining.champion
        found = {
            "run_id": retraining.retraining_id,
            "trainer": "sagemaker",
            "model_uri": job["ModelArtifacts"]["S3ModelArtifacts"],
            "source_run_id": retraining.source_run_id,
            "registered_by": self.who,
            "changed": retraining.what_changed,
            "why": self.why,
            "document": self.document_place.uri,
            "job_name": job["TrainingJobName"],
            "dataset_uri": f"s3://{upload['bucket']}/{upload['key']}",
            "dataset_version": upload["version_id"],
            "base_model": retraining.hyperparameters.get("base_model", ""),
            "seed": retraining.hyperparameters.get("seed", ""),
            "instance_type": job["ResourceConfig"]["InstanceType"],
            "spot": str(job.get("EnableManagedSpotTraining", False)).lower(),
            "billed_seconds": "" if billed is None else str(billed),
            "test_records": str(len(self.answers.truth)),
            "accuracy": f"{scores.accuracy:.6f}",
            "macro_f1": f"{scores.macro_f1:.6f}",
            "task": (self.source.get("spec") or {}).get("task", ""),
            "promotion": "pending",
            # Only one that it was compared with.
            "champion": retraining.champion.package_arn if compared and retraining.champion else "",
        }
        return {name: _shown(value) for name, value in found.items() if value}

    def request(self) -> dict[str, Any]:
        """Return the arguments of CreateModelPackage; a repeated call makes no second version."""
        retraining = self.retraining
        container = {
            "Image": retraining.image,
            "ModelDataUrl": self.job["ModelArtifacts"]["S3ModelArtifacts"],
        }
        return {
            "ModelPackageGroupName": f"{retraining.stack}-{retraining.project}",
            "ModelPackageDescription": _description(retraining, self.reason),
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            "ModelMetrics": {
                "ModelQuality": {
                    "Statistics": {
                        "ContentType": "application/json",
                        "S3Uri": self.document_place.uri,
                    }
                }
            },
            "CustomerMetadataProperties": self.metadata(),
            "MetadataProperties": {"GeneratedBy": "thriftline", "ProjectId": retraining.project},
            "ClientToken": hashlib.sha256(retraining.retraining_id.encode()).hexdigest()[:32],
        }


def hand_back(s3: Any, sagemaker: Any, given: HandBack) -> str:
    """Register the version once and return its ARN, also when it is asked again.

    Raises:
        RetrainingError: the job did not complete.
    """
    if given.job["TrainingJobStatus"] != "Completed":
        raise RetrainingError(
            f"{given.job['TrainingJobName']} is {given.job['TrainingJobStatus']}; only a job that "
            "completed has a model to register."
        )
    registered = version_of(sagemaker, given.retraining)
    if registered is not None:
        return registered
    place = given.document_place
    body = json.dumps(given.document(), indent=1).encode()
    s3.put_object(Bucket=place.bucket, Key=place.key, Body=body, ContentType="application/json")
    _keep_trained_rows(s3, given.retraining)
    return str(sagemaker.create_model_package(**given.request())["ModelPackageArn"])


def remove_checkpoints(s3: Any, retraining: Retraining) -> int:
    """Remove what only an interrupted job needs, once its model is registered."""
    place, removed = retraining.checkpoints, 0
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key)
    for page in pages:
        for found in page.get("Contents", []):
            s3.delete_object(Bucket=place.bucket, Key=found["Key"])
            removed += 1
    return removed


def refuse_repeated(sagemaker: Any, retraining: Retraining) -> None:
    """Make sure that nobody has handed the same change to the same run back before.

    Raises:
        RetrainingError: there is such a version.
    """
    registered = version_of(sagemaker, retraining)
    if registered is not None:
        raise RetrainingError(
            f"Run {retraining.source_run_id} was trained with this change before: {registered}. "
            "Change something else."
        )


def version_of(sagemaker: Any, retraining: Retraining) -> str | None:
    """Return the version that a retraining was registered as, None where it was not."""
    mark = _mark(retraining)
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=f"{retraining.stack}-{retraining.project}",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    for page in pages:
        for one in page["ModelPackageSummaryList"]:
            if one.get("ModelPackageDescription", "").startswith(mark):
                return str(one["ModelPackageArn"])
    return None


def _keep_trained_rows(s3: Any, retraining: Retraining) -> None:
    """Copy which rows were trained on: a later run then knows where its test favours this model."""
    source = document_place(retraining.bucket, retraining.source_run_id, TRAINED_ROWS)
    target = document_place(retraining.bucket, retraining.retraining_id, TRAINED_ROWS)
    try:
        s3.copy_object(
            Bucket=target.bucket,
            Key=target.key,
            CopySource={"Bucket": source.bucket, "Key": source.key},
        )
    except s3.exceptions.ClientError as error:
        # A run of a former version kept none.
        if error.response["Error"]["Code"] not in _MISSING:
            raise


def _mark(retraining: Retraining) -> str:
    return f"Retraining {retraining.retraining_id} of run {retraining.source_run_id}:"


def _description(retraining: Retraining, reason: str) -> str:
    return f"{_mark(retraining)} {reason}"[:_LONGEST_DESCRIPTION]


def _said(whom: str, found: Comparison | NotCompared) -> str:
    if isinstance(found, NotCompared):
        return f"It was not compared with {whom}: {found.reason}."
    return f"Compared with {whom} on the same records: {found.sentence}."


def _as_document(found: Comparison | NotCompared) -> dict[str, Any]:
    if isinstance(found, NotCompared):
        return {"compared": False, "reason": found.reason}
    return {"compared": True, "difference": found.difference, **dataclasses.asdict(found)}


def _shown(value: str) -> str:
    return _NOT_IN_METADATA.sub("_", value)[:_LONGEST_METADATA]
