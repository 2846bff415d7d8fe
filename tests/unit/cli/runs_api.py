"""A run of an API in memory, as its routes answer, and uploads that it takes."""

from typing import Any

from tests.unit.cli.fake_api import Answer, FakeApi

ID = "shop-0a1b2c3d4e5f6071"


def a_run(**more: Any) -> dict[str, Any]:
    return {
        "run_id": ID,
        "project": "shop",
        "status": "running",
        "state": "Poll training",
        "opened_at": "2026-11-30T03:00:00Z",
        "ended_at": None,
        "trainer": "sagemaker",
        "instance_type": "ml.g5.xlarge",
        "expected_usd": "0.13",
        "worst_case_usd": "12345.678912",
        "cost_usd": None,
        "saved_usd": None,
        "model_version": None,
        "key": "datasets/shop/shop.csv",
        "summary": None,
        "progress": None,
        "approval": None,
        "attempts": [],
        "documents": [],
        "result": None,
        **more,
    }


PROGRESS = {"phase": "Training", "seconds": 3725, "cost_so_far_usd": "1.23456"}
RUNNING = a_run(progress=PROGRESS)
ENDED = a_run(
    status="succeeded", cost_usd="0.1234", ended_at="2026-11-30T03:09:00Z", model_version=3
)


def uploads(asked: Any) -> dict[str, Any]:
    return {
        "prefix": "datasets/shop/",
        "uploads": [
            {
                "name": one["name"],
                "url": "http://s3.test/data",
                "fields": {"key": f"datasets/shop/{one['name']}", "policy": "p"},
                "key": f"datasets/shop/{one['name']}",
                "max_bytes": one["size_bytes"],
            }
            for one in asked.body["files"]
        ],
    }


def takes_uploads(api: FakeApi) -> None:
    api.routes |= {
        "POST /uploads": uploads,
        "POST /data": Answer(204, b"", {"x-amz-version-id": "v1"}),
        "POST /runs": {"id": ID, "kind": "run", "href": f"/runs/{ID}"},
    }
