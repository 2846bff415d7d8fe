"""The documents of a run in the artifacts bucket, read as models."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from thriftline.core.aws.buckets import Bucket
from thriftline.core.kept import first_problem, reading
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run import Run

Document = TypeVar("Document", bound=BaseModel)


def read_document(artifacts: Bucket, run_id: str, name: str, model: type[Document]) -> Document:
    """Returns ``runs/{run_id}/{name}``.

    Raises:
        AwsRequestError: it is not there; an earlier step writes it.
        UnreadableDocumentError: no version that is known here looks like it.
    """
    key = f"{run_prefix(run_id)}{name}"
    return _parsed(artifacts, key, artifacts.read_required(key, "an earlier step"), model)


def document_if_made(
    artifacts: Bucket, run_id: str, name: str, model: type[Document]
) -> Document | None:
    """Returns ``runs/{run_id}/{name}``, None when the run did not come so far.

    Raises:
        UnreadableDocumentError: no version that is known here looks like it.
    """
    key = f"{run_prefix(run_id)}{name}"
    body = artifacts.read(key)
    return None if body is None else _parsed(artifacts, key, body, model)


def problem_of(artifacts: Bucket, run_id: str, name: str, model: type[Document]) -> str | None:
    """Returns why ``runs/{run_id}/{name}`` cannot be read; None where it can, or is not there."""
    body = artifacts.read(f"{run_prefix(run_id)}{name}")
    try:
        if body is not None:
            model.model_validate_json(body)
    except ValidationError as error:
        return f"{artifacts.uri(f'{run_prefix(run_id)}{name}')}: {first_problem(error)}"
    return None


def read_run(artifacts: Bucket, run_id: str) -> Run:
    """Returns ``run.json``."""
    return read_document(artifacts, run_id, "run.json", Run)


def read_plan(artifacts: Bucket, run_id: str) -> Plan:
    """Returns ``plan.json``."""
    return read_document(artifacts, run_id, "plan.json", Plan)


def write_plan(artifacts: Bucket, plan: Plan) -> None:
    """Writes ``plan.json``."""
    key = f"{run_prefix(plan.run_id)}plan.json"
    artifacts.write_json(key, plan.model_dump_json(indent=2))


def _parsed(artifacts: Bucket, key: str, body: bytes, model: type[Document]) -> Document:
    with reading(artifacts.uri(key), "Start the run again by uploading its data set again."):
        return model.model_validate_json(body)
