"""A run's job with a change: what ModelTrainer is given, out of the run's documents alone."""

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from thriftline_notebook.places import Place
from thriftline_notebook.problems import RetrainingError

if TYPE_CHECKING:
    from thriftline_notebook.runs import Run

SOURCE_RUN_TAG = "thriftline:retrained-from"
_RUN_ID_TAG = "thriftline:run-id"
_RATE = "THRIFTLINE_USD_PER_HOUR"
_CHECKPOINT_PATH = "/opt/ml/checkpoints"
# SageMaker starts and ends in this time beside the training; a Spot job also waits for capacity.
_PATIENCE = 2


@dataclass(frozen=True)
class Champion:
    """The version in use of a project, while a retraining is prepared."""

    package_arn: str
    version: int
    trainer: str
    model_uri: str


@dataclass(frozen=True)
class Change:
    """One hyperparameter that differs from the run's."""

    name: str
    former: str | None
    value: str

    @property
    def sentence(self) -> str:
        """The change for a person; without signs that the registry does not take."""
        return f"{self.name} from {self.former or 'its default'} to {self.value}"


@dataclass(frozen=True)
class Retraining:
    """Everything that ModelTrainer is asked for; the dictionaries are its configs' own fields.

    `champion` is the version whose model the job evaluates on the same test records, None where
    no version is approved, or `not_asked` says why it cannot be.
    """

    retraining_id: str
    source_run_id: str
    project: str
    stack: str
    bucket: str
    image: str
    role: str
    changes: tuple[Change, ...]
    hyperparameters: Mapping[str, str]
    channels: Mapping[str, Mapping[str, Any]]
    compute: Mapping[str, Any]
    stopping_condition: Mapping[str, int]
    networking: Mapping[str, Any]
    metric_definitions: tuple[Mapping[str, str], ...]
    environment: Mapping[str, str]
    tags: Mapping[str, str]
    kms_key_id: str | None
    champion: Champion | None
    not_asked: str | None

    @property
    def checkpoints(self) -> Place:
        """A place of its own: checkpoints of other hyperparameters are refused by the program."""
        return Place(self.bucket, f"checkpoints/{self.retraining_id}/")

    @property
    def output(self) -> Place:
        """A place of its own: beside a model lies what live traffic is compared with."""
        return Place(self.bucket, f"training/{self.retraining_id}/")

    @property
    def checkpoint_config(self) -> Mapping[str, str]:
        """CheckpointConfig's fields."""
        return {"s3_uri": self.checkpoints.uri, "local_path": _CHECKPOINT_PATH}

    @property
    def output_data_config(self) -> Mapping[str, str]:
        """OutputDataConfig's fields."""
        key = {"kms_key_id": self.kms_key_id} if self.kms_key_id else {}
        return {"s3_output_path": self.output.uri, **key}

    @property
    def most_usd(self) -> Decimal | None:
        """The instances' dollars at the most, at the on-demand rate; None where it is unknown."""
        rate = self.environment.get(_RATE)
        if rate is None:
            return None
        return Decimal(rate) * self.stopping_condition["max_runtime_in_seconds"] / 3600

    @property
    def what_changed(self) -> str:
        """All changes, for a person."""
        return " and ".join(each.sentence for each in self.changes)


def retraining_of(
    run: "Run",
    changes: Mapping[str, object],
    *,
    champion: Champion | None,
    spot: bool = True,
    max_runtime_seconds: int | None = None,
) -> Retraining:
    """Return the run's job with other hyperparameters; the same change gives the same id.

    Raises:
        RetrainingError: a change is none, or is of what the job does not know.
    """
    job, former = run.job, dict(run.job["HyperParameters"])
    changed = tuple(_changes(former, changes))
    retraining_id = _id_of(run, changed)
    hyperparameters = {
        **former,
        **{each.name: each.value for each in changed},
        "run_id": retraining_id,
    }
    not_asked = _why_not_asked(champion)
    asked = champion if not_asked is None else None
    return Retraining(
        retraining_id=retraining_id,
        source_run_id=run.run_id,
        project=run.project,
        stack=run.stack,
        bucket=run.bucket,
        image=run.image,
        role=job["RoleArn"],
        changes=changed,
        hyperparameters=hyperparameters,
        channels=_channels(run, asked),
        compute=_compute(job, spot=spot),
        stopping_condition=_stopping(job, spot=spot, runtime=max_runtime_seconds),
        networking=_networking(job),
        metric_definitions=tuple(
            {"name": each["Name"], "regex": each["Regex"]}
            for each in job["AlgorithmSpecification"].get("MetricDefinitions", [])
        ),
        environment=dict(job.get("Environment", {})),
        tags=_tags(run),
        kms_key_id=job["OutputDataConfig"].get("KmsKeyId"),
        champion=asked,
        not_asked=not_asked,
    )


def as_text(value: object) -> str:
    """Return a hyperparameter as SageMaker takes it, spelt as the training program reads it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | Mapping | list):
        return json.dumps(value)
    return str(value)


def _changes(former: Mapping[str, str], changes: Mapping[str, object]) -> list[Change]:
    if not changes:
        raise RetrainingError(
            "No hyperparameter is changed: it would train the run's model once more."
        )
    found = []
    for name, value in changes.items():
        _refuse_unknown(name, former)
        text = as_text(value)
        if text == former[name]:
            raise RetrainingError(f"{name} is {text} in the run already; give another value.")
        found.append(Change(name, former[name], text))
    return found


def _refuse_unknown(name: str, former: Mapping[str, str]) -> None:
    if name in {"run_id", "base_model"}:
        raise RetrainingError(
            f"{name} stays: it says whose data and which weights the channels hold. For another "
            "base model upload the data again with base_model in run.yaml."
        )
    if name not in former:
        near = difflib.get_close_matches(name, former, n=1)
        raise RetrainingError(
            f"{name} is no hyperparameter of the run's job"
            + (f"; did you mean {near[0]}?" if near else f": it has {', '.join(sorted(former))}.")
        )


def _id_of(run: "Run", changes: tuple[Change, ...]) -> str:
    """Return an id of the form of a run's, so that what is repeated goes on where it was."""
    said = [
        run.run_id,
        run.image,
        *(f"{each.name}={each.value}" for each in sorted(changes, key=lambda change: change.name)),
    ]
    digest = hashlib.sha256("\n".join(said).encode()).hexdigest()[:14]
    return f"{run.run_id.rpartition('-')[0]}-nb{digest}"


def _why_not_asked(champion: Champion | None) -> str | None:
    if champion is None or champion.trainer == "sagemaker":
        return None
    return (
        f"version {champion.version} was made by {champion.trainer}, whose model a training job "
        "cannot ask"
    )


def _channels(run: "Run", champion: Champion | None) -> dict[str, dict[str, Any]]:
    channels = {
        name: _channel(channel) for name, channel in run.channels.items() if name != "champion"
    }
    if champion:
        source = {"S3DataType": "S3Prefix", "S3Uri": champion.model_uri}
        channels["champion"] = _channel(
            {"DataSource": {"S3DataSource": source}, "ContentType": "application/x-tar"}
        )
    return channels


def _channel(channel: Mapping[str, Any]) -> dict[str, Any]:
    source = channel["DataSource"]["S3DataSource"]
    found: dict[str, Any] = {
        "data_source": {
            "s3_data_type": source["S3DataType"],
            "s3_uri": source["S3Uri"],
            "s3_data_distribution_type": source.get("S3DataDistributionType", "FullyReplicated"),
        }
    }
    return found | ({"content_type": channel["ContentType"]} if "ContentType" in channel else {})


def _compute(job: Mapping[str, Any], *, spot: bool) -> dict[str, Any]:
    """A warm pool and a training plan are the run's own and are left out."""
    resources = job["ResourceConfig"]
    found = {
        "instance_type": resources["InstanceType"],
        "instance_count": resources["InstanceCount"],
        "volume_size_in_gb": resources["VolumeSizeInGB"],
        "enable_managed_spot_training": spot,
    }
    key = resources.get("VolumeKmsKeyId")
    return found | ({"volume_kms_key_id": key} if key else {})


def _stopping(job: Mapping[str, Any], *, spot: bool, runtime: int | None) -> dict[str, int]:
    former = job["StoppingCondition"]
    seconds = runtime or former["MaxRuntimeInSeconds"]
    if not spot:
        return {"max_runtime_in_seconds": seconds}
    waits = max(former.get("MaxWaitTimeInSeconds", 0), _PATIENCE * seconds)
    return {"max_runtime_in_seconds": seconds, "max_wait_time_in_seconds": waits}


def _networking(job: Mapping[str, Any]) -> dict[str, Any]:
    network = job.get("VpcConfig", {})
    found: dict[str, Any] = {
        "enable_network_isolation": job.get("EnableNetworkIsolation", False),
        "enable_inter_container_traffic_encryption": job.get(
            "EnableInterContainerTrafficEncryption", False
        ),
    }
    if network:
        found |= {"subnets": network["Subnets"], "security_group_ids": network["SecurityGroupIds"]}
    return found


def _tags(run: "Run") -> dict[str, str]:
    """The run's own but for its id, by which its bill is counted."""
    kept = {
        key: value
        for key, value in run.tags.items()
        if key != _RUN_ID_TAG and not key.startswith("aws:")
    }
    return kept | {SOURCE_RUN_TAG: run.run_id}
