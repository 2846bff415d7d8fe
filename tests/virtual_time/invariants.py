"""What must hold when a world has come to rest, whatever went wrong in it."""

import itertools
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tests.virtual_time import bedrock, job_runs
from tests.virtual_time.bedrock import Customization
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
# Nobody says how many tokens a job was trained on; a settlement counts them by those of questions.
_ESTIMATED = Decimal("0.8")
_deserialize = TypeDeserializer().deserialize


def runs_of(world: World) -> dict[str, dict[str, Any]]:
    """Returns the runs' items by their ids."""
    return {
        key: {name: _deserialize(value) for name, value in item.items()}
        for key, item in world.dynamodb.tables["runs"].items()
        if "#" not in key and "opened_at" in item
    }


def kinds_of(world: World) -> Iterator[str]:
    """Yields what is special about each run that came so far."""
    for run_id, item in runs_of(world).items():
        if any(one.run_id == run_id for one in world.job_runs.runs.values()):
            yield "prepared"
        if "preparation_approved" in item:
            yield "prepared, asked for"
        if any(one.run_id == run_id for one in world.bedrock.jobs.values()):
            yield "bedrock"


def broken(world: World) -> list[str]:
    """Returns a sentence for everything that does not hold."""
    runs = runs_of(world)
    found = [*world.errors, *_executions(world), *_uploads(world, runs), *_ledger(world, runs)]
    found += _left_running(world)
    for run_id, item in runs.items():
        checks = (_result, _money, _asked, _one_at_a_time, _registry, _left)
        found += [f"{run_id}: {told}" for check in checks for told in check(world, run_id, item)]
    return found


def _left_running(world: World) -> Iterator[str]:
    for job in world.jobs.jobs.values():
        if job.is_active:
            yield f"job {job.name} is {job.status}"
    for run in world.job_runs.runs.values():
        if run.is_active:
            yield f"job run {run.id} of {run.run_id} is {run.state}"
    for tuning in world.bedrock.jobs.values():
        if tuning.is_active:
            yield f"customization job {tuning.name} is {tuning.status}"
    for name in left_on_bedrock(world):
        yield f"{name} is left on Bedrock"


def left_on_bedrock(world: World) -> list[str]:
    """Returns deployments, which no run keeps here, and models that no version names."""
    deployed = [one.name for one in world.bedrock.deployments.values()]
    models = [
        job.name
        for job in world.bedrock.models.values()
        if not world.registry.versions_of(job.run_id)
    ]
    return [*deployed, *models]


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


def _all_billed(world: World, run_id: str) -> tuple[Decimal, Decimal]:
    """Returns what AWS bills for a run to the cent, and what is estimated of its tokens."""
    exact = sum((billed_usd(world, one) for one in jobs_of(world, run_id)), Decimal(0))
    prepared = [one for one in world.job_runs.runs.values() if one.run_id == run_id]
    if prepared:
        rates = _document(world, run_id, "preparation_plan.json")["terms"]["rates"]
        exact += sum((job_runs.billed_usd(one, rates) for one in prepared), Decimal(0))
    tuned = [one for one in world.bedrock.jobs.values() if one.run_id == run_id]
    return exact, sum((_tuning_usd(one) for one in tuned), Decimal(0))


def _tuning_usd(job: Customization) -> Decimal:
    rate = price_catalogue().bedrock_training.rate("NovaMicro", REGION)
    assert rate is not None
    return bedrock.billed_usd(job, rate.usd)


def _graces(world: World, run_id: str) -> Decimal:
    plan = _document(world, run_id, "plan.json") or {}
    names = ("stop_grace_usd", "upload_grace_usd")
    return sum((Decimal(plan.get(name, 0)) for name in names), Decimal(0))


def _asked(world: World, run_id: str, item: dict[str, Any]) -> Iterator[str]:
    """Above the threshold nothing is spent without a person's yes to so much."""
    approval = world.dynamodb.tables["runs"].get(f"approval#{run_id}")
    said = [Decimal(item["preparation_approved"]["usd"])] if "preparation_approved" in item else []
    if approval and approval["standing"]["S"] == "approved":
        said.append(Decimal(approval["worst_case_usd"]["S"]))
    allowed = max([Decimal(os.environ["APPROVAL_ABOVE_USD"]), *said])
    billed = sum(_all_billed(world, run_id))
    if billed > allowed + _graces(world, run_id):
        yield f"{billed:.4f} USD were billed, and a person was asked for {allowed}"


def _money(world: World, run_id: str, item: dict[str, Any]) -> Iterator[str]:
    exact, estimated = _all_billed(world, run_id)
    billed = exact + estimated
    if billed == 0:
        return
    run = _document(world, run_id, "run.json")
    held, cap = Decimal(item["held_usd"]), Decimal(run["spec"]["budget"]["max_usd"])
    # What a preparation leaves has to do for the graces, too.
    graces = Decimal(0) if "prepare" in run["spec"] and run["spec"]["prepare"] else None
    graces = _graces(world, run_id) if graces is None else graces
    if billed > held:
        yield f"{billed:.4f} USD were billed, {held} were held"
    if held > cap + graces:
        yield f"{held} USD were held, its cap is {cap} and its graces are {graces}"
    settled = item.get("settled_usd")
    if settled is None:
        yield f"{billed:.4f} USD were billed and nothing is settled"
    elif Decimal(settled) < exact + estimated * _ESTIMATED - _ROUNDING:
        yield f"{billed:.4f} USD were billed, {settled} settled"


def _one_at_a_time(world: World, run_id: str, item: dict[str, Any]) -> Iterator[str]:
    """A run's attempts follow each other: none is made before the one before has ended."""
    made: list[Any] = [
        *jobs_of(world, run_id),
        *(one for one in world.job_runs.runs.values() if one.run_id == run_id),
        *(one for one in world.bedrock.jobs.values() if one.run_id == run_id),
    ]
    made.sort(key=lambda one: one.created_at)
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
