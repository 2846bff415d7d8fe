"""What must hold when a world has come to rest, whatever went wrong in it."""

import itertools
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tests.virtual_time.stack import REGION
from tests.virtual_time.training_jobs import Job
from tests.virtual_time.world import TRAINING, World
from thriftline.money.instances import has_local_storage
from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.domain.layout import Upload, run_id_of

_ENDED = {"succeeded", "not_promoted", "rejected", "failed"}
_APPROVAL = {
    "succeeded": {"Approved", "PendingManualApproval"},
    "not_promoted": {"Rejected"},
    "rejected": set[str](),
    "failed": {"Rejected"},
}
_MOST_EVENTS = 25_000
# The ledger keeps nine digits after the point.
_ROUNDING = Decimal("0.00000001")
_deserialize = TypeDeserializer().deserialize


def runs_of(world: World) -> dict[str, dict[str, Any]]:
    """Returns the runs' items by their ids."""
    return {
        key: {name: _deserialize(value) for name, value in item.items()}
        for key, item in world.dynamodb.tables["runs"].items()
        if "#" not in key and "opened_at" in item
    }


def broken(world: World) -> list[str]:
    """Returns a sentence for everything that does not hold."""
    runs = runs_of(world)
    found = [*world.errors, *_executions(world), *_uploads(world, runs), *_ledger(world, runs)]
    found += [
        f"job {one.name} is {one.status}" for one in world.jobs.jobs.values() if one.is_active
    ]
    for run_id, item in runs.items():
        checks = (_result, _money, _one_at_a_time, _registry, _left)
        found += [f"{run_id}: {told}" for check in checks for told in check(world, run_id, item)]
    return found


def _document(world: World, run_id: str, name: str) -> Any:
    body = world.s3.body("artifacts", f"runs/{run_id}/{name}")
    return None if body is None else json.loads(body, parse_float=Decimal)


def _executions(world: World) -> Iterator[str]:
    for arn, one in world.executions.items():
        if one.status == "RUNNING":
            yield f"{arn} runs for ever, in {one.entered[-1]}"
        if one.history_events >= _MOST_EVENTS:
            yield f"{arn} has {one.history_events} events"


def _uploads(world: World, runs: dict[str, Any]) -> Iterator[str]:
    """An execution without a run says that there is another one, or that it is no data set."""
    owners = {item["execution_arn"] for item in runs.values()}
    for arn, one in world.executions.items():
        if TRAINING not in arn or arn in owners:
            continue
        ended = (one.output or {}).get("status")
        detail = one.input["detail"]["object"]
        if ended in {"duplicate", "ignored"} or detail["key"].endswith("run.yaml"):
            continue
        upload = Upload("data", detail["key"], detail["version-id"])
        if run_id_of(upload, detail["key"].split("/")[1]) not in runs:
            yield f"{arn} {one.status} without a run"


def _result(world: World, run_id: str, item: dict[str, Any]) -> Iterator[str]:
    status = item.get("status")
    if status not in _ENDED:
        yield f"it is {status} in {item.get('state')}"
    result = _document(world, run_id, "result.json")
    if result is None:
        yield "it has no result.json"
    elif result["status"] != status:
        yield f"result.json says {result['status']}, the table {status}"
    if world.s3.body("artifacts", f"runs/{run_id}/report.html") is None:
        yield "it has no report.html"
    told = [one for one in world.small.events if one["Detail"].get("run_id") == run_id]
    if not told:
        yield "nobody was told"
    if len({one["Detail"]["status"] for one in told}) > 1:
        yield f"people were told {[one['Detail']['status'] for one in told]}"


def jobs_of(world: World, run_id: str) -> list[Job]:
    """Returns the jobs of a run, by what they say themselves."""
    return [
        one
        for one in world.jobs.jobs.values()
        if one.request["HyperParameters"]["run_id"] == run_id
    ]


def billed_usd(world: World, job: Job) -> Decimal:
    """What AWS bills for a job: counted here anew, by the price list alone."""
    resources = job.request["ResourceConfig"]
    kind, count = resources["InstanceType"], resources["InstanceCount"]
    rate = price_catalogue().training_rate(kind, REGION)
    assert rate is not None
    seconds = Decimal(job.billable or 0) + world.jobs.retained_seconds(job)
    usd: Decimal = rate.usd * count * seconds / 3600
    if not has_local_storage(kind):
        storage = price_catalogue().storage_rate(REGION)
        usd += storage.usd * resources["VolumeSizeInGB"] * count * seconds / (730 * 3600)
    return usd


def _money(world: World, run_id: str, item: dict[str, Any]) -> Iterator[str]:
    billed = sum((billed_usd(world, one) for one in jobs_of(world, run_id)), Decimal(0))
    if billed == 0:
        return
    plan, run = _document(world, run_id, "plan.json"), _document(world, run_id, "run.json")
    held, cap = Decimal(item["held_usd"]), Decimal(run["spec"]["budget"]["max_usd"])
    graces = Decimal(plan["stop_grace_usd"]) + Decimal(plan["upload_grace_usd"])
    if billed > held:
        yield f"{billed:.4f} USD were billed, {held} were held"
    if held > cap + graces:
        yield f"{held} USD were held, its cap is {cap} and its graces are {graces}"
    settled = item.get("settled_usd")
    if settled is None:
        yield f"{billed:.4f} USD were billed and nothing is settled"
    elif Decimal(settled) < billed - _ROUNDING:
        yield f"{billed:.4f} USD were billed, {settled} settled"


def _one_at_a_time(world: World, run_id: str, item: dict[str, Any]) -> Iterator[str]:
    """A run's attempts follow each other: none is made before the one before has ended."""
    made = sorted(jobs_of(world, run_id), key=lambda one: one.created_at)
    for first, second in itertools.pairwise(made):
        if first.ended_at is None or second.created_at < first.ended_at:
            yield f"{first.name} and {second.name} ran at once"


def _registry(world: World, run_id: str, item: dict[str, Any]) -> Iterator[str]:
    versions = world.registry.versions_of(run_id)
    result = _document(world, run_id, "result.json") or {}
    said = result.get("model_package_arn")
    arns = tuple(one["ModelPackageArn"] for one in versions)
    if arns != ((said,) if said else ()):
        yield f"result.json says {said}, the registry {list(arns)}"
    for one in versions:
        if one["ModelApprovalStatus"] not in _APPROVAL.get(item["status"], ()):
            yield f"it is {item['status']}, and its version {one['ModelApprovalStatus']}"


def _left(world: World, run_id: str, item: dict[str, Any]) -> Iterator[str]:
    for prefix in (f"scratch/{run_id}/", f"checkpoints/{run_id}/"):
        if keys := world.s3.keys("artifacts", prefix):
            yield f"{len(keys)} objects are left in {prefix}, such as {keys[0]}"
    approval = world.dynamodb.tables["runs"].get(f"approval#{run_id}")
    if approval and approval["standing"]["S"] == "waiting":
        yield "somebody is still asked"


def _ledger(world: World, runs: dict[str, Any]) -> Iterator[str]:
    budget = Decimal(os.environ["MAX_USD_PER_MONTH"])
    for key, item in world.dynamodb.tables["ledger"].items():
        if "#" in key:
            continue
        month = {name: _deserialize(value) for name, value in item.items()}
        if month["held"]:
            yield f"{key} still holds {list(month['held'])}"
        settled = sum(
            (
                Decimal(one["settled_usd"])
                for one in runs.values()
                if one.get("settled_usd") and one.get("ledger_month") == key
            ),
            Decimal(0),
        )
        if abs(month["settled_usd"] - settled) > _ROUNDING:
            yield f"{key} has {month['settled_usd']} USD settled, its runs {settled}"
        held = sum((one["usd"] for one in month["held"].values()), Decimal(0))
        if month["committed_usd"] != month["settled_usd"] + held:
            yield f"{key} has {month['committed_usd']} USD committed"
        if month["committed_usd"] > budget:
            yield f"{key} has {month['committed_usd']} USD committed of {budget}"
