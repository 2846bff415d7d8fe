"""Made-up but consistent results of all four endings, for tests of what is made of them."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from thriftline.evaluation.cells import Batch, FloatArray, IntArray
from thriftline.evaluation.document import (
    Answers,
    CurvePoint,
    Gate,
    Training,
    UnparsedAnswer,
    ValidationPoint,
)
from thriftline.evaluation.evaluator import (
    EvaluationResult,
    EvaluationSettings,
    Evaluator,
    LabelSetEvaluator,
)
from thriftline.evaluation.gate import AgainstChampion, Estimate, GateSettings, decide
from thriftline.evaluation.label_sets import PredictedSets, SetBatch
from thriftline.runs.schemas.gate_section import GateSection
from thriftline.runs.schemas.result import (
    Attempt,
    Baseline,
    Result,
    ResultApproval,
    ResultCharge,
    ResultChoice,
    ResultCost,
    ResultDataset,
    ResultError,
    ResultFinding,
    ResultKept,
    ResultPlan,
    ResultReports,
    ResultSettlement,
    ResultUpload,
)
from thriftline.runs.schemas.run_spec import RunSpec

OPENED = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ENDED = OPENED + timedelta(minutes=34, seconds=12)
RUN_ID = "reviews-3f9a1c0de4b7a652"
CHAMPION = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/thriftline-reviews/4"
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/thriftline-reviews/5"
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:training:6f0e"
MOVIES = ("negative", "positive")
TOPICS = ("billing", "delivery", "other", "product quality", "refund")


def _softmax(truth: IntArray, labels: int, skill: float, seed: int) -> FloatArray:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(len(truth), labels))
    logits[np.arange(len(truth)), truth] += skill
    powers = np.exp(1.4 * logits)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def evaluated(
    labels: tuple[str, ...], records: int, skill: float, champion_skill: float | None
) -> EvaluationResult:
    """Scores of a model of some skill, perhaps against a champion of another."""
    random = np.random.default_rng(1)
    shares = np.arange(len(labels), 0, -1) / sum(range(len(labels) + 1))
    truth = random.choice(len(labels), records, p=shares if len(labels) > 2 else None)
    candidate = _softmax(truth, len(labels), skill, seed=2)
    champion = None
    if champion_skill is not None:
        champion = 0.5 * candidate + 0.5 * _softmax(truth, len(labels), champion_skill, seed=3)
    evaluator = Evaluator(labels, with_champion=champion is not None)
    evaluator.add(
        Batch(
            truth,
            candidate.argmax(axis=1),
            candidate,
            None if champion is None else champion.argmax(axis=1),
            champion,
        )
    )
    return evaluator.result(
        EvaluationSettings("accuracy", 0.01, 0.95, 1, CHAMPION if champion is not None else None)
    )


def evaluated_sets(labels: tuple[str, ...], records: int, skill: float) -> EvaluationResult:
    """Scores of a model that gives a record any number of labels; skill is a share of them."""
    random = np.random.default_rng(1)
    truth = random.random((records, len(labels))) < np.linspace(0.5, 0.05, len(labels))
    chance = np.where(random.random(truth.shape) < skill, 0.9, 0.3)
    chance = np.where(truth, chance, 1 - chance)
    none = np.zeros(records, dtype=np.int64)
    evaluator = LabelSetEvaluator(labels, with_champion=False)
    evaluator.add(
        SetBatch(truth, PredictedSets(chance >= 0.5, none, none.astype(np.bool_), chance))
    )
    return evaluator.result(EvaluationSettings("micro_f1", 0.01, 0.95, 1))


def gate_of(found: EvaluationResult, section: GateSection) -> Gate:
    """What the gate decides on these scores."""
    comparison, interval = found.comparison, getattr(found.candidate.intervals, section.metric)
    against = None
    if comparison:
        against = AgainstChampion(
            comparison.champion,
            comparison.difference,
            comparison.interval.low,
            comparison.interval.high,
            comparison.probability_worse,
        )
    decision = decide(
        GateSettings(**section.model_dump()),
        Estimate(getattr(found.candidate, section.metric), interval.low, interval.high),
        against,
        found.records,
    )
    return Gate(promotion=decision.promotion, reason=decision.reason, **section.model_dump())


def training() -> Training:
    """A course of training as the program logs it: noisy, flattening, three epochs."""
    random = np.random.default_rng(4)
    steps = 390
    losses = [
        0.28 + 0.42 * math.exp(-step / 80) + 0.05 * float(random.normal()) for step in range(steps)
    ]
    return Training(
        base_model="sentence-transformers/all-MiniLM-L6-v2",
        base_model_revision="a" * 40,
        architecture="BertForSequenceClassification",
        parameters=22_713_986,
        samples=20_472,
        tokens=591_336,
        steps=steps,
        epochs_run=3,
        best_epoch=2,
        seconds=412.6,
        final_loss=0.27,
        resumed_from_step=250,
        software={"torch": "2.13.0", "transformers": "5.23.0"},
        curve=tuple(
            CurvePoint(step=step, epoch=step / 130, loss=losses[step]) for step in range(steps)
        ),
        validation=tuple(
            ValidationPoint(step=130 * n, epoch=n, loss=loss, accuracy=accuracy, macro_f1=f1)
            for n, loss, accuracy, f1 in (
                (1, 0.44, 0.807, 0.804),
                (2, 0.405, 0.829, 0.8285),
                (3, 0.411, 0.826, 0.825),
            )
        ),
    )


def dataset(
    labels: tuple[str, ...] = MOVIES, *findings: ResultFinding, rejected: bool = False
) -> ResultDataset:
    """A validated data set."""
    verdict = "rejected" if rejected else "accepted_with_warnings" if findings else "accepted"
    return ResultDataset.model_validate(
        {
            "verdict": verdict,
            "codes": [one.code for one in findings],
            "findings": [one.model_dump() for one in findings],
            "rows": 8_530,
            "splits": {"train": 6_824, "validation": 853, "test": 853},
            "labels": {label: 8_530 // (2 + n) for n, label in enumerate(labels)},
            "text_length_median": 112,
            "text_length_p95": 214,
        }
    )


def plan() -> ResultPlan:
    """A plan at made-up prices."""
    return ResultPlan(
        worst_case_usd=Decimal("2.83"),
        expected_usd=Decimal("0.31"),
        expected_reason="About 0.2 hours for 3 epochs of 0.2 million tokens on an A10G.",
        cap_usd=Decimal("10.00"),
        rate_usd_per_hour=Decimal("1.408"),
        price_source="AWS Price List",
        price_date=date(2026, 11, 1),
        region="eu-west-1",
        instance_type="ml.g5.xlarge",
        instance_count=1,
        spot=True,
        max_runtime_seconds=7200,
    )


def choices() -> tuple[ResultChoice, ...]:
    """What was priced, cheapest first; the second was taken."""

    def choice(name: str, low: str | None, worst: str, **facts: bool) -> ResultChoice:
        usd = low and Decimal(low)
        document: dict[str, object] = {
            "name": name,
            "chosen": False,
            "low_usd": usd,
            "likely_usd": usd and usd * 2,
            "high_usd": usd and usd * 3,
            "worst_case_usd": Decimal(worst),
            "within_cap": True,
            "like_cheapest": False,
        }
        return ResultChoice.model_validate(document | facts)

    return (
        choice("ml.g6.xlarge", "0.14", "2.27"),
        choice("ml.g5.xlarge", "0.16", "2.83", chosen=True, like_cheapest=True),
        choice("ml.p4d.24xlarge", "1.50", "50.51", within_cap=False),
        choice("ml.c5.4xlarge", None, "1.63"),
    )


def settlement() -> ResultSettlement:
    """One attempt on Spot, and what its run held."""
    return ResultSettlement(
        status="settled",
        month="2026-11",
        held_usd=Decimal("2.89"),
        settled_usd=Decimal("0.1814"),
        rows=(
            ResultCharge(
                attempt=1,
                what="instances",
                seconds=462,
                units=1,
                rate_usd=Decimal("1.408"),
                rate_unit="instance-hour",
                usd=Decimal("0.1807"),
                cents_usd=Decimal("0.18"),
            ),
        ),
        total_usd=Decimal("0.18"),
        expected_usd=Decimal("0.31"),
        expected_low_usd=Decimal("0.16"),
        expected_high_usd=Decimal("0.48"),
        estimate_miss=-0.42,
        inside_range=True,
        spot_saving=0.65,
    )


def approved() -> ResultApproval:
    """A person said yes an hour after the question."""
    return ResultApproval(
        standing="approved",
        above_usd=Decimal("2.00"),
        requested_at=OPENED,
        expires_at=OPENED + timedelta(hours=72),
        answered_at=OPENED + timedelta(hours=1),
        answered_by="ann@example.com",
    )


def attempt(number: int, ending: str, **changes: object) -> Attempt:
    """One training job."""
    facts: dict[str, object] = {
        "attempt": number,
        "job_name": f"{RUN_ID}-{number:02d}",
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "spot": True,
        "status": "Completed" if ending == "completed" else "Failed",
        "secondary_status": "Completed" if ending == "completed" else "Failed",
        "ending": ending,
        "failure_reason": None,
        "started_at": OPENED + timedelta(minutes=8),
        "ended_at": OPENED + timedelta(minutes=30),
        "training_seconds": 1320,
        "billable_seconds": 462,
        "interruptions": 1,
    }
    return Attempt.model_validate(facts | changes)


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
