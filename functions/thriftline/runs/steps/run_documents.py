"""The documents of a run in the artifacts bucket, read as models."""

from typing import TypeVar

from pydantic import BaseModel

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run import Run

Document = TypeVar("Document", bound=BaseModel)


def read_document(artifacts: Bucket, run_id: str, name: str, model: type[Document]) -> Document:
    """Returns ``runs/{run_id}/{name}``.

    Raises:
        AwsRequestError: it is not there; an earlier step writes it.
    """
    key = f"{run_prefix(run_id)}{name}"
    return model.model_validate_json(artifacts.read_required(key, "an earlier step"))


def read_run(artifacts: Bucket, run_id: str) -> Run:
    """Returns ``run.json``."""
    return read_document(artifacts, run_id, "run.json", Run)


def read_plan(artifacts: Bucket, run_id: str) -> Plan:
    """Returns ``plan.json``."""
    return read_document(artifacts, run_id, "plan.json", Plan)


def plan_if_made(artifacts: Bucket, run_id: str) -> Plan | None:
    """Returns ``plan.json``, None when the run did not come so far."""
    body = artifacts.read(f"{run_prefix(run_id)}plan.json")
    return None if body is None else Plan.model_validate_json(body)
