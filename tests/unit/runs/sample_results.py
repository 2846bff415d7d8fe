"""Made-up but consistent results of all four endings, for tests of what is made of them."""

from decimal import Decimal

from tests.unit.runs.sample_evaluations import (
    MOVIES,
    TOPICS,
    evaluated,
    evaluated_sets,
    gate_of,
    training,
)
from tests.unit.runs.sample_result_parts import (
    ENDED,
    OPENED,
    RUN_ID,
    approved,
    attempt,
    choices,
    dataset,
    plan,
    settlement,
)
from thriftline.evaluation.document import Answers, UnparsedAnswer
from thriftline.evaluation.evaluator import EvaluationResult
from thriftline.runs.schemas.gate_section import GateSection
from thriftline.runs.schemas.result import (
    Baseline,
    Result,
    ResultCharge,
    ResultCost,
    ResultError,
    ResultFinding,
    ResultKept,
    ResultReports,
    ResultUpload,
)
from thriftline.runs.schemas.run_spec import RunSpec

PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/thriftline-reviews/5"
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:training:6f0e"


def _result(**values: object) -> Result:
    base: dict[str, object] = {
        "run_id": RUN_ID,
        "project": "reviews",
        "execution_arn": EXECUTION,
        "upload": ResultUpload(
            bucket="thriftline-data-123456789012-eu-west-1",
            key="datasets/reviews/reviews.csv",
            version_id="3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
            size=1_103_442,
        ),
        "opened_at": OPENED,
        "ended_at": ENDED,
        "seconds": 2052,
        "error": None,
        "spec": RunSpec(gate=GateSection(minimum=0.75)),
        "dataset": dataset(),
        "plan": plan(),
        "cost": ResultCost(
            billed_seconds=462,
            training_seconds=1320,
            usd=Decimal("0.1814"),
            on_demand_usd=Decimal("0.5183"),
            spot_saving=0.65,
        ),
        "attempts": (attempt(1, "completed"),),
        "metrics": None,
        "champion_metrics": None,
        "comparison": None,
        "gate": None,
        "training": None,
        "baseline": None,
        "model_package_arn": None,
        "reports": ResultReports(
            result=f"s3://artifacts/runs/{RUN_ID}/result.json",
            report=f"s3://artifacts/runs/{RUN_ID}/report.html",
            dataset_report=f"s3://artifacts/runs/{RUN_ID}/dataset.html",
            evaluation=None,
            model=None,
        ),
    }
    return Result.model_validate(base | values)


_GATE = GateSection(minimum=0.75)


def _trained(
    found: EvaluationResult,
    status: str,
    section: GateSection = _GATE,
    **values: object,
) -> Result:
    gate = gate_of(found, section)
    base: dict[str, object] = {
        "status": status,
        "reason": gate.reason,
        "metrics": found.candidate,
        "champion_metrics": found.champion,
        "comparison": found.comparison,
        "gate": gate,
        "training": training(),
        "model_package_arn": PACKAGE,
    }
    return _result(**base | values)


def succeeded() -> Result:
    """A first model, with a baseline beside it."""
    return _trained(
        evaluated(MOVIES, 853, 1.6, None),
        "succeeded",
        baseline=Baseline(
            name="TF-IDF + logistic regression",
            accuracy=0.765,
            macro_f1=0.764,
            note="word 1- and 2-grams, fitted on the same 6,824 training records",
        ),
        plan=plan().model_copy(update={"choices": choices()}),
        settlement=settlement(),
        approval=approved(),
    )


def not_promoted() -> Result:
    """A second model that does not keep up, of five labels, after a job without capacity."""
    no_capacity = attempt(
        1,
        "capacity",
        failure_reason="CapacityError: Unable to provision requested ML compute capacity. "
        "Please retry using a different ML instance type.",
        started_at=None,
        training_seconds=None,
        billable_seconds=None,
        interruptions=0,
    )
    return _trained(
        evaluated(TOPICS, 1200, 2.4, 1.3),
        "not_promoted",
        attempts=(no_capacity, attempt(2, "completed")),
        dataset=dataset(
            TOPICS,
            ResultFinding(
                code="personal_data_email",
                severity="warning",
                count=31,
                title="Texts hold e-mail addresses",
                fix="Remove or mask them unless the model needs them and you may use them.",
            ),
        ),
    )


def several_labels() -> Result:
    """A first model of records with any number of labels."""
    spec = RunSpec.model_validate({"task": "multi-label-classification"})
    return _trained(
        evaluated_sets(TOPICS, 900, 0.85),
        "succeeded",
        section=spec.gate,
        spec=spec,
        dataset=dataset(TOPICS),
    )


def rejected() -> Result:
    """A data set that cannot be used."""
    reason = (
        "The data set has 2 kinds of errors: empty_text 14 times, first at reviews.csv line 218; "
        "conflicting_labels 3 times, first at reviews.csv line 40. See dataset.html."
    )
    return _result(
        status="rejected",
        reason=reason,
        error=ResultError(name="DatasetRejectedError", message=reason, state="Validate dataset"),
        plan=None,
        attempts=(),
        cost=ResultCost(
            billed_seconds=0,
            training_seconds=0,
            usd=Decimal(0),
            on_demand_usd=Decimal(0),
            spot_saving=None,
        ),
        dataset=dataset(
            MOVIES,
            ResultFinding(
                code="empty_text",
                severity="error",
                count=14,
                title="A text is empty",
                first_place="reviews.csv, line 218, field text",
                fix="Fill in the text or remove the row.",
            ),
            ResultFinding(
                code="conflicting_labels",
                severity="error",
                count=3,
                title="The same text has different labels",
                first_place="reviews.csv, line 40",
                fix="Decide which label each of these texts has.",
            ),
            rejected=True,
        ),
    )


def failed() -> Result:
    """A training program that gave up."""
    message = (
        "The training program failed: the loss became NaN in step 37; a lower learning_rate may "
        "help. (Job reviews-3f9a1c0de4b7a652-01, ml.g5.xlarge, seconds billed: 95.)"
    )
    return _result(
        status="failed",
        reason=message,
        error=ResultError(name="TrainingFailedError", message=message, state="Poll training"),
        attempts=(
            attempt(
                1,
                "user_error",
                failure_reason="AlgorithmError: the loss became NaN in step 37; a lower "
                "learning_rate may help",
                training_seconds=270,
                billable_seconds=95,
                interruptions=0,
            ),
        ),
        cost=ResultCost(
            billed_seconds=95,
            training_seconds=270,
            usd=Decimal("0.0373"),
            on_demand_usd=Decimal("0.1060"),
            spot_saving=0.648,
        ),
    )


ENDINGS = (succeeded, not_promoted, rejected, failed)


def answered() -> Result:
    """A model that answers with words, of which two were none of the labels."""
    found = evaluated(MOVIES, 400, 1.6, None)
    told = Answers(
        asked=400,
        of=25_000,
        sentence="400 of the 25,000 test records were asked, a sample; the 95% interval of the "
        "accuracy is 0.8000 to 0.8800.",
        unparsed=2,
        unparsed_share=0.005,
        unparsed_answers=(
            UnparsedAnswer(
                record="reviews.csv:7",
                label="positive",
                answer="I am <glad> you asked",
                stop_reason="max_tokens",
            ),
        ),
        stop_reasons={"end_turn": 398, "max_tokens": 2},
        input_tokens=12_000,
        output_tokens=800,
        calibration_absent_because="The model answers with a word: there is no calibration.",
    )
    tokens = ResultCharge(
        attempt=1,
        what="training tokens (estimated)",
        seconds=0,
        units=502_431,
        rate_usd=Decimal("0.001"),
        rate_unit="1,000 tokens",
        usd=Decimal("0.502431"),
        cents_usd=Decimal("0.50"),
    )
    planned = plan().model_copy(
        update={
            "trainer": "bedrock",
            "instance_type": None,
            "instance_count": None,
            "spot": None,
            "rungs": ("amazon.nova-micro-v1:0:128k, 2 epochs",),
            "rate_usd_per_hour": Decimal("0.001"),
            "rate_unit": "1,000 tokens",
        }
    )
    scores = found.candidate.model_copy(update={"calibration": None})
    model = (
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0/0123456789ab"
    )
    return _trained(
        found,
        "succeeded",
        metrics=scores,
        plan=planned,
        attempts=(attempt(1, "completed", instance_type=None, instance_count=None, spot=None),),
        settlement=settlement().model_copy(
            update={"rows": (tokens,), "total_usd": Decimal("0.50")}
        ),
        answers=told,
        kept=(
            ResultKept(
                model_uri=model,
                deployment_arn=None,
                usd_per_month=Decimal("1.95"),
                why="The model of this run is in the registry.",
            ),
        ),
    )
