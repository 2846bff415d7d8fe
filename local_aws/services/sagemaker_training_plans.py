"""SageMaker's training plans: those that a test has put here, and jobs on them; none is bought.

How many of a plan's instances are free follows from the jobs that run on it, and its status from
the time. What SageMaker says when it refuses a job is not public: these sentences are our own.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from local_aws.http.own_calls import AwsError, Operation, Request

Plan = dict[str, Any]
_RUNNING = frozenset({"InProgress", "Stopping"})
_FOR_JOBS = "training-job"


class PlanRefusedError(Exception):
    """A job cannot be on its plan: the code and the text of SageMaker's answer."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class TrainingPlans:
    """The plans, and the call that describes one by its name or its ARN.

    Args:
        now: says what time it is.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.plans: dict[str, Plan] = {}
        self._now = now

    def add(self, plan: Plan) -> None:
        """Have a plan, in the form in which it is described."""
        self.plans[plan["TrainingPlanArn"]] = plan

    def operations(self) -> dict[str, Operation]:
        """Return the call by its name."""
        return {"DescribeTrainingPlan": self._describe}

    def check(self, request: Mapping[str, Any], account: str, region: str) -> datetime | None:
        """Return when the plan of a job ends, None for a job on no plan.

        Raises:
            PlanRefusedError: the plan cannot take the job.
        """
        resources = request["ResourceConfig"]
        arn = resources.get("TrainingPlanArn")
        if not arn:
            return None
        plan = self.plans.get(arn) if f":{region}:{account}:" in arn else None
        if plan is None:
            raise PlanRefusedError("ResourceNotFound", f"Training plan {arn} does not exist.")
        shown = self._shown(plan)
        name, wanted = resources["InstanceType"], resources.get("InstanceCount", 1)
        if request.get("EnableManagedSpotTraining"):
            raise PlanRefusedError(
                "ValidationException", "A training plan is not supported with managed spot training"
            )
        if problem := _problem(shown, name):
            raise PlanRefusedError("ValidationException", f"Training plan {arn} {problem}.")
        free = shown["AvailableInstanceCount"]
        if free < wanted:
            raise PlanRefusedError(
                "ResourceLimitExceeded",
                f"Training plan {arn} has {free} available instances, and a request delta of "
                f"{wanted} instances passes it.",
            )
        ends_at: datetime | None = plan.get("EndTime")
        return ends_at

    def _describe(self, request: Request) -> Plan:
        wanted = request["TrainingPlanName"]
        place = f":{request.region}:{request.account}:"
        for arn, plan in self.plans.items():
            if place in arn and wanted in (arn, plan["TrainingPlanName"]):
                return self._shown(plan)
        raise AwsError("ResourceNotFound", f"Training plan {wanted} does not exist.")

    def _shown(self, plan: Plan) -> Plan:
        """Return a plan as it is now; what was put here says what is free without a job."""
        ends_at, used = plan.get("EndTime"), _in_use(plan["TrainingPlanArn"])
        is_over = ends_at is not None and ends_at <= self._now()
        free = plan.get("AvailableInstanceCount", _reserved(plan))
        return {
            **plan,
            "Status": "Expired" if is_over else plan["Status"],
            "AvailableInstanceCount": max(0, free - used),
            "InUseInstanceCount": plan.get("InUseInstanceCount", 0) + used,
        }


def _problem(plan: Plan, instance_type: str) -> str:
    if plan["Status"] != "Active":
        return f"is {plan['Status']}, not Active"
    targets = plan.get("TargetResources", [_FOR_JOBS])
    if _FOR_JOBS not in targets:
        return f"is for {', '.join(targets)}, not for training jobs"
    types = {one["InstanceType"] for one in _active(plan)}
    if instance_type not in types:
        return f"has no active capacity of {instance_type}"
    return ""


def _active(plan: Plan) -> list[dict[str, Any]]:
    return [one for one in plan.get("ReservedCapacitySummaries", ()) if one["Status"] == "Active"]


def _reserved(plan: Plan) -> int:
    return sum(one["TotalInstanceCount"] for one in _active(plan))


def _in_use(arn: str) -> int:
    """Return how many instances the jobs on a plan have now."""
    region, account = arn.split(":")[3:5]
    jobs = list(sagemaker_backends[account][region].training_jobs.values())
    resources = [
        job.request["ResourceConfig"]
        for job in jobs
        if hasattr(job, "request") and job.status in _RUNNING
    ]
    return sum(
        one.get("InstanceCount", 1) for one in resources if one.get("TrainingPlanArn") == arn
    )
