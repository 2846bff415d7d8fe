"""Batch transform jobs whose container is the image's own program."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.serving_runtime.films import Films, eventually

TEXTS = [f"the film is {word}" for word in ("warm", "cold", "good", "bad")]


def start(films: Films, name: str, source: str, **changes: Any) -> Any:
    request: dict[str, Any] = {
        "TransformJobName": name,
        "ModelName": "films-batch",
        "BatchStrategy": "MultiRecord",
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"s3://{films.bucket}/batch/{source}/",
                }
            },
            "ContentType": "application/jsonlines",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{films.bucket}/batch/{name}",
            "Accept": "application/jsonlines",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    }
    films.sagemaker.create_transform_job(**{**request, **changes})

    def look() -> Any:
        found = films.sagemaker.describe_transform_job(TransformJobName=name)
        ended = found["TransformJobStatus"] in ("Completed", "Failed", "Stopped")
        return found if ended else None

    return eventually(look)


@pytest.fixture(scope="module", autouse=True)
def model(films: Films) -> None:
    films.model("films-batch", "v1")
    for number in range(2):
        lines = "\n".join(json.dumps({"text": text}) for text in TEXTS)
        films.put(f"batch/texts/part-{number}.jsonl", lines.encode())
    films.put("batch/broken/part.jsonl", b'{"text": ""}\n')


def test_every_line_of_every_object_gets_an_answer_in_its_place(films: Films) -> None:
    ended = start(films, "two-parts", "texts")
    assert ended["TransformJobStatus"] == "Completed", ended
    keys = films.keys("batch/two-parts/")
    assert keys == [f"batch/two-parts/part-{number}.jsonl.out" for number in range(2)]
    first, second = (
        [json.loads(line)["label"] for line in films.read(key).splitlines()] for key in keys
    )
    assert first == second
    assert len(first) == len(TEXTS)
    assert set(first) <= {"negative", "positive"}
    listed = films.sagemaker.list_transform_jobs(NameContains="two-parts")
    assert [each["TransformJobStatus"] for each in listed["TransformJobSummaries"]] == ["Completed"]


def test_a_record_that_the_program_refuses_fails_the_job(films: Films) -> None:
    ended = start(films, "broken", "broken")
    assert ended["TransformJobStatus"] == "Failed"
    assert "text is blank" in ended["FailureReason"]
    assert films.keys("batch/broken/part.jsonl.out") == []


def test_what_sagemaker_refuses_is_refused(films: Films) -> None:
    with pytest.raises(ClientError, match="at most 100 MB"):
        start(films, "large", "texts", MaxPayloadInMB=60, MaxConcurrentTransforms=2)
    with pytest.raises(ClientError, match="already existing"):
        start(films, "two-parts", "texts")
    with pytest.raises(ClientError, match="is in status Completed"):
        films.sagemaker.stop_transform_job(TransformJobName="two-parts")
