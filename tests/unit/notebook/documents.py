"""A finished run as its documents and SageMaker tell of it."""

from typing import Any

from thriftline_notebook.retraining import Champion
from thriftline_notebook.runs import Run

RUN_ID = "films-0123456789abcdef"
BUCKET = "thriftline-artifacts"
GROUP = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/thriftline-films"
ROLE = "arn:aws:iam::111122223333:role/training"
CHAMPION = Champion(f"{GROUP}/3", 3, "sagemaker", f"s3://{BUCKET}/training/x/y/output/model.tar.gz")


def channel(name: str, key: str, content_type: str | None = "application/jsonlines") -> Any:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{key}"}
    found: dict[str, Any] = {"ChannelName": name, "DataSource": {"S3DataSource": source}}
    return found | ({"ContentType": content_type} if content_type else {})


def job(**other: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": f"{RUN_ID}-01",
        "TrainingJobArn": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/x",
        "TrainingJobStatus": "Completed",
        "HyperParameters": {
            "base_model": f"s3://{BUCKET}/base_models/tiny/",
            "epochs": "3",
            "learning_rate": "5e-05",
            "multi_label": "false",
            "run_id": RUN_ID,
            "seed": "42",
        },
        "AlgorithmSpecification": {
            "TrainingImage": "image:1",
            "MetricDefinitions": [{"Name": "train:loss", "Regex": "loss"}],
        },
        "RoleArn": ROLE,
        "InputDataConfig": [
            *(channel(name, f"scratch/{RUN_ID}/splits/{name}/") for name in ("train", "test")),
            channel("model", "base_models/tiny/", None),
            channel("champion", "training/old/model.tar.gz", "application/x-tar"),
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/training/{RUN_ID}/"},
        "ModelArtifacts": {"S3ModelArtifacts": f"s3://{BUCKET}/training/{RUN_ID}/model.tar.gz"},
        "ResourceConfig": {
            "InstanceType": "ml.g5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
            "KeepAlivePeriodInSeconds": 600,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 10_000},
        "EnableManagedSpotTraining": True,
        "EnableNetworkIsolation": True,
        "Environment": {"THRIFTLINE_USD_PER_HOUR": "1.40"},
        **other,
    }


def result(**other: Any) -> dict[str, Any]:
    return {
        "run_id": RUN_ID,
        "project": "films",
        "status": "succeeded",
        "reason": "It is good.",
        "upload": {"bucket": "data", "key": "datasets/films/a.csv", "version_id": "v1"},
        "spec": {"task": "text-classification", "gate": {"metric": "accuracy"}},
        "plan": {"trainer": "sagemaker"},
        "attempts": [
            {"job_name": f"{RUN_ID}-01", "ending": "interrupted"},
            {"job_name": f"{RUN_ID}-02", "ending": "completed"},
        ],
        "model_package_arn": f"{GROUP}/2",
        **other,
    }


def run(**other: Any) -> Run:
    return Run(
        run_id=RUN_ID,
        project="films",
        stack="thriftline",
        bucket=BUCKET,
        result=result(),
        job=job(**other),
        tags={
            "thriftline:project": "films",
            "thriftline:run-id": RUN_ID,
            "aws:cloudformation:stack-name": "x",
            "cost-center": "7",
        },
        image="repository@sha256:1",
    )
