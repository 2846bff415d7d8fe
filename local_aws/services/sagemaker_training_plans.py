"""SageMaker's training plans: those that a test has put here can be described; none is bought."""

from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request

Plan = dict[str, Any]


class TrainingPlans:
    """The call that describes a plan, by its name or its ARN."""

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}

    def add(self, plan: Plan) -> None:
        """Have a plan, in the form in which it is described."""
        self.plans[plan["TrainingPlanArn"]] = plan

    def operations(self) -> dict[str, Operation]:
        """Return the call by its name."""
        return {"DescribeTrainingPlan": self._describe}

    def _describe(self, request: Request) -> Plan:
        wanted = request["TrainingPlanName"]
        place = f":{request.region}:{request.account}:"
        for arn, plan in self.plans.items():
            if place in arn and wanted in (arn, plan["TrainingPlanName"]):
                return plan
        raise AwsError("ResourceNotFound", f"Training plan {wanted} does not exist.")
