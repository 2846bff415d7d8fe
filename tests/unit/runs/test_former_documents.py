"""Documents that the former version wrote, before the port of trainers, are still read.

``former_documents`` are its run.json, plan.json, evaluation.json and result.json of one run.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from tests.unit.runs.bucket_fixture import no_bucket
from tests.unit.runs.engine_fixture import engines_over
from tests.unit.runs.fake_sagemaker import CREATED_AT, FakeSageMaker
from tests.unit.runs.finished_run import EXECUTION, NOW, RUN_ID, UPLOAD, World, world
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import UnreadableDocumentError
from thriftline.datasets.report_document import Finding
from thriftline.evaluation.document import Evaluation
from thriftline.runs.reports.run_page import run_page
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import Result, ResultFinding
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps.ending import CleanUpRequest, PublishResultRequest
from thriftline.runs.steps.clean_up import clean_up
from thriftline.runs.steps.gather_result import gather_result
from thriftline.runs.steps.poll_training import poll_training
from thriftline.runs.steps.start_training import start_training

FOLDER = Path(__file__).with_name("former_documents")
NAMES = ("run", "plan", "evaluation")


def text(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text()


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        made.claim()
        for name in NAMES:
            made.put(f"{name}.json", text(name).encode())
        yield made


def test_a_plan_of_one_instance_type_is_a_plan_of_one_rung() -> None:
    plan = Plan.model_validate_json(text("plan"))
    former = json.loads(text("plan"))

    assert plan.trainer == "sagemaker"
    assert plan.allowance_usd == Decimal(former["worst_case_usd"])
    (rung,) = plan.rungs
    assert rung.name == "1 x ml.g5.xlarge, Spot"
    assert rung.rate.usd == Decimal(former["rate"]["usd"])
    assert rung.terms["max_runtime_seconds"] == former["max_runtime_seconds"]
    assert [quote.name for quote in plan.quotes] == [
        candidate["instance_type"] for candidate in former["candidates"]
    ]
    assert plan.champion is not None
    # What is written again is of this version, and reads the same.
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_the_other_documents_are_read_and_get_a_version() -> None:
    for name, model in (("run", Run), ("evaluation", Evaluation), ("result", Result)):
        document = cast("Any", model).model_validate_json(text(name))
        assert document.schema_version in {"1.0", "1.1", "1.2", "1.3", "1.4"}
    assert Run.model_validate_json(text("run")).spec.trainer == "sagemaker"


def test_a_finding_that_names_its_fix_mend_is_read() -> None:
    former = {"code": "empty_text", "severity": "error", "count": 1, "title": "A text is empty"}
    advice = "Fill in the text or remove the row."

    of_result = ResultFinding.model_validate(former | {"mend": advice})
    of_dataset = Finding.model_validate(former | {"mend": advice, "places": []})

    for finding in (of_result, of_dataset):
        assert finding.fix == advice
        assert "mend" not in finding.model_dump()
        assert type(finding).model_validate_json(finding.model_dump_json()) == finding


def test_a_former_result_still_has_a_page() -> None:
    page = run_page(Result.model_validate_json(text("result")))
    assert "ml.g5.xlarge" in page


def test_a_run_that_was_planned_before_goes_on(here: World) -> None:
    sagemaker = FakeSageMaker()
    trainers = trainers_over(here.artifacts, sagemaker)
    start_training(
        RUN_ID,
        1,
        artifacts=here.artifacts,
        trainers=trainers,
        runs=here.runs,
        queue=here.queue,
        now=CREATED_AT,
        allowed=("sagemaker",),
    )

    name = f"{RUN_ID}-01"
    job = sagemaker.jobs[name]
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 14_400}
    former = json.loads(text("run"))["spec"]["hyperparameters"]
    assert job["HyperParameters"]["epochs"] == str(former["epochs"])
    assert job["HyperParameters"]["batch_tokens"] == str(former["batch_tokens"])
    response = poll_training(
        RUN_ID,
        name,
        1,
        artifacts=here.artifacts,
        trainers=trainers,
        runs=here.runs,
        now=CREATED_AT,
    )
    assert not response.done


def test_an_attempt_that_the_former_version_kept_without_dollars_gets_them(here: World) -> None:
    sagemaker = FakeSageMaker()
    trainers = trainers_over(here.artifacts, sagemaker)
    start_training(
        RUN_ID,
        1,
        artifacts=here.artifacts,
        trainers=trainers,
        runs=here.runs,
        queue=here.queue,
        now=CREATED_AT,
        allowed=("sagemaker",),
    )
    sagemaker.move(
        f"{RUN_ID}-01",
        "Completed",
        "Completed",
        TrainingStartTime=CREATED_AT,
        TrainingTimeInSeconds=1000,
        BillableTimeInSeconds=400,
    )
    facts = (here.runs.get(RUN_ID) or {})["attempt_01"]
    kept = {name: value for name, value in facts.items() if not name.endswith("_usd")}
    here.runs.record_attempt(RUN_ID, 1, {**kept, "ending": "completed"})

    clean_up(
        CleanUpRequest(run_id=RUN_ID, upload=UPLOAD, execution_arn=EXECUTION),
        runs=here.runs,
        artifacts=here.artifacts,
        trainers=trainers,
        engines=engines_over(here.artifacts),
        queue=here.queue,
        report=lambda name, error: None,
        bucket_of=no_bucket,
        now=NOW,
    )
    request = PublishResultRequest(
        run_id=RUN_ID, upload=UPLOAD, execution_arn=EXECUTION, ending="succeeded"
    )
    item = here.runs.get(RUN_ID) or {}
    result = gather_result(
        request, RUN_ID, item, artifacts=here.artifacts, approval=None, ended_at=NOW
    )

    assert result.cost.usd is not None
    assert round(result.cost.usd, 4) == Decimal("0.1564")
    assert result.metrics is not None
    assert result.plan is not None
    assert result.plan.instance_type == "ml.g5.xlarge"


def test_a_document_of_a_version_to_come_is_refused_by_name(here: World) -> None:
    plan = json.loads(Plan.model_validate_json(text("plan")).model_dump_json())
    here.put("plan.json", json.dumps({**plan, "schema_version": "9.0"}).encode())

    refused = r"plan\.json .* schema_version: .*Start the run again"
    with pytest.raises(UnreadableDocumentError, match=refused):
        start_training(
            RUN_ID,
            1,
            artifacts=here.artifacts,
            trainers=trainers_over(here.artifacts),
            runs=here.runs,
            queue=here.queue,
            now=NOW,
            allowed=("sagemaker",),
        )
