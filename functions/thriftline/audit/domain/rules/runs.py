"""Rules on the stack's own runs: what they settled against the bill, and what Spot saved."""

from collections.abc import Iterator
from decimal import Decimal

from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars
from thriftline.audit.domain.settled_runs import RunReconciliation, reconcile_runs
from thriftline.audit.domain.spot_savings import SpotSavings, spot_savings
from thriftline.core.tags import RUN_ID_TAG
from thriftline.core.wording import counted

_MOST = 20
_NEEDS = frozenset({ResourceKind.SETTLED_RUN, ResourceKind.RUN_BILL})


def _settled(subject: Subject) -> Iterator[Observation]:
    told = reconcile_runs(subject.inventory, subject.parameters.bill_lag_days)
    if not told.settled_usd:
        return
    yield _compared(told, subject) if told.has_tag else _without_tag(told)


def _days(told: RunReconciliation) -> Signal:
    estimated = f", {told.estimated_days} of them still estimated" if told.estimated_days else ""
    return Signal("Days of the bill", f"{told.start} to before {told.end}{estimated}")


def _compared(told: RunReconciliation, subject: Subject) -> Observation:
    billed, difference = told.billed_usd or Decimal(0), told.difference_usd or Decimal(0)
    parameters = subject.parameters
    limit = max(parameters.residual_min_usd, parameters.residual_share * billed)
    runs = counted(told.runs, "run")
    return Observation(
        resource="settled runs",
        summary=f"{runs} settled {dollars(told.settled_usd)}; AWS billed {dollars(billed)} under "
        f"their tag: {_difference_words(difference)}.",
        used=(
            _days(told),
            *(
                Signal(
                    f"Project {row.project}, {counted(row.runs, 'run')}",
                    f"settled {dollars(row.settled_usd)}, billed {dollars(row.billed_usd)}",
                )
                for row in told.rows[:_MOST]
            ),
            Signal("Billed under their tag on other days", dollars(told.later_usd)),
            Signal("Billed under the tag of other runs", dollars(told.others_usd)),
        ),
        missing=(
            *_left_out(told),
            *_without_line(told),
        ),
        confidence=Confidence.MEDIUM if told.estimated_days else Confidence.HIGH,
        monthly_usd=None,
        severity=Severity.MEDIUM if abs(difference) > limit else None,
        change=Change(
            "Nothing, while the difference is small. Else look at the usage types of the runs: a "
            "rate of the price catalogue may be old.",
            (_bill_by_run(told),),
            "Nothing was changed.",
        ),
    )


def _bill_by_run(told: RunReconciliation) -> ApiCall:
    return ApiCall(
        "ce",
        "GetCostAndUsage",
        {
            "TimePeriod": {"Start": f"{told.start}", "End": f"{told.end}"},
            "Granularity": "MONTHLY",
            "Metrics": ["UnblendedCost"],
            "GroupBy": [
                {"Type": "TAG", "Key": RUN_ID_TAG},
                {"Type": "DIMENSION", "Key": "USAGE_TYPE"},
            ],
        },
    )


def _difference_words(difference: Decimal) -> str:
    if not round(difference, 2):
        return "no difference"
    more = "more" if difference > 0 else "less"
    return f"{dollars(abs(difference))} {more} than was settled"


def _left_out(told: RunReconciliation) -> tuple[str, ...]:
    if not told.outside:
        return ()
    return (f"{counted(told.outside, 'run')} that ran on other days too, or at unknown times.",)


def _without_line(told: RunReconciliation) -> tuple[str, ...]:
    if not told.without_line:
        return ()
    return (f"A line of the bill for {counted(told.without_line, 'run')} that cost something.",)


def _without_tag(told: RunReconciliation) -> Observation:
    return Observation(
        resource="settled runs",
        summary=f"{counted(told.runs, 'run')} settled {dollars(told.settled_usd)}; what AWS billed "
        f"for them is not known, since no line of the bill has the tag {RUN_ID_TAG}.",
        used=(_days(told),),
        missing=("What was billed under the tag of the runs.", *_left_out(told)),
        confidence=Confidence.HIGH,
        monthly_usd=None,
        severity=Severity.LOW,
        change=Change(
            "Activate the tag for cost allocation, in the account that pays; it shows after a day.",
            (
                ApiCall(
                    "ce",
                    "UpdateCostAllocationTagsStatus",
                    {
                        "CostAllocationTagsStatus": [
                            {"TagKey": RUN_ID_TAG, "Status": "Active"},
                        ]
                    },
                ),
            ),
            "The same with the status Inactive.",
        ),
    )


def _spot(subject: Subject) -> Iterator[Observation]:
    told = spot_savings(subject.inventory, subject.prices)
    if not told.uses and not told.unknown:
        return
    yield Observation(
        resource="training on Spot",
        summary=_spot_words(told),
        used=(
            Signal("Jobs on Spot", f"{len(told.uses)}"),
            Signal("Billed", dollars(told.billed_usd)),
            Signal("On demand for the same seconds", dollars(told.undiscounted_usd)),
            Signal("Of which the stack's own runs settled", dollars(told.settled_usd)),
        ),
        missing=(
            "What interruptions made the jobs repeat: on demand they had worked less.",
            *(f"The dollars of job {name}." for name in told.unknown[:_MOST]),
        ),
        confidence=Confidence.MEDIUM,
        # It is saved already, and nothing of it can be saved again.
        monthly_usd=Decimal(0) if told.uses else None,
        change=Change(
            "Nothing: it is saved already. The seconds of a job say what it worked and was billed.",
            (ApiCall("sagemaker", "DescribeTrainingJob", {"TrainingJobName": _largest(told)}),),
            "Nothing was changed.",
        ),
    )


def _largest(told: SpotSavings) -> str:
    """Returns the job that saved most, or one that is not known to have saved anything."""
    if not told.uses:
        return told.unknown[0]
    return max(told.uses, key=lambda one: one.undiscounted_usd - one.billed_usd).job_name


def _spot_words(told: SpotSavings) -> str:
    if not told.uses:
        return f"What Spot saved on {counted(len(told.unknown), 'job')} is not known."
    saved, whole = told.saved_usd, told.undiscounted_usd
    jobs = counted(len(told.uses), "job")
    share = f" ({saved / whole:.0%})" if whole else ""
    if saved < 0:
        return f"Spot cost {dollars(-saved)} more than on demand would have for {jobs}."
    return f"Spot saved {dollars(saved)} of {dollars(whole)}{share} on {jobs} in the window."


RULES = (
    Rule(
        id="ml.spend.settled-runs",
        title="What runs settled, and what AWS billed",
        resource_type=ResourceKind.COST,
        severity=Severity.INFO,
        effort=Effort.PROJECT,
        rationale="Runs settle by billed seconds and a price catalogue; only the bill says whether "
        "both are right.",
        how="Each settled run that ran wholly within the window, and until `bill_lag_days` before "
        "today, against what Cost Explorer says under its tag `thriftline:run-id` on the days on "
        "which it ran. A run on other days too, or at unknown times, is left out on both sides. "
        "Above `residual_min_usd` and `residual_share` of what was billed the severity is medium. "
        "Where no line has the tag, what was billed is unknown. It is read where the stack lies.",
        evidence="The stack's table of runs, Cost Explorer by day and tag.",
        change="Look at the usage types, or activate the tag.",
        undo="Nothing is changed.",
        thresholds=("bill_lag_days", "residual_share", "residual_min_usd"),
        needs=_NEEDS,
        needs_whole=_NEEDS,
        look=_settled,
    ),
    Rule(
        id="ml.spend.spot-saved",
        title="What Spot saved",
        resource_type=ResourceKind.TRAINING_JOB,
        severity=Severity.INFO,
        effort=Effort.CALL,
        rationale="What Spot promises is a share of the market; what it saved is in the billed "
        "seconds of one's own jobs.",
        how="1 - billed / worked seconds of the jobs on Spot that ended in the window, in dollars: "
        "a settled run of the stack at the rate of each attempt, any other job at the rate of the "
        "catalogue. No job counts twice. It is saved already, so it is in no sum of savings.",
        evidence="The stack's table of runs, DescribeTrainingJob, the price catalogue.",
        change="Nothing: it is saved already.",
        undo="Nothing is changed.",
        thresholds=(),
        needs=frozenset({ResourceKind.TRAINING_JOB}),
        look=_spot,
    ),
)
