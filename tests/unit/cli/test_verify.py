"""`thriftline verify --live`: what is asked, what is judged, and what could not be."""

import json
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator

from tests.contract.conftest import MACHINES, Machine
from tests.unit.cli.streams import Lines
from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.options import parsed
from thriftline_cli.running import run
from thriftline_cli.verifying.machines import ERROR, expected_state, sample_variables
from thriftline_cli.verifying.requests import WANTED

DEFINITION: dict[str, Any] = {
    "QueryLanguage": "JSONata",
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Assign": {"answer": "{% $states.result %}", "tries": 0},
            "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Clean up"}],
            "Next": "Which",
        },
        "Which": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $answer.size > 3 %}", "Next": "Done"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Done"},
        "Clean up": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True},
        "Done": {"Type": "Succeed"},
        "Broken": {"Type": "Fail"},
    },
}
RESOURCES = {
    "TrainingStateMachine": ("AWS::StepFunctions::StateMachine", "arn:machine"),
    "TrainingRole": ("AWS::IAM::Role", "thriftline-training"),
    "LedgerTable": ("AWS::DynamoDB::Table", "thriftline-ledger"),
    "PreparationApplication": ("AWS::EMRServerless::Application", "00f1"),
    "PreparationJobRole": ("AWS::IAM::Role", "thriftline-preparation"),
    **{one.function: ("AWS::Lambda::Function", f"thriftline-{one.function}") for one in WANTED},
}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "x")


def checked(service: str, operation: str, arguments: dict[str, Any]) -> None:
    """Holds a request to the service's own model."""
    shape: Any = _model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), report.generate_report()


@cache
def _model(service: str) -> Any:
    return get_session().get_service_model(service)


@dataclass
class Aws:
    """A deployed stack whose answers are as AWS gives them; ``wrong`` spoils one of them."""

    wrong: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def meta(self) -> Any:
        return type("Meta", (), {"region_name": "us-east-1"})

    def client(self, _: str) -> "Aws":
        return self

    def _note(self, service: str, operation: str, arguments: dict[str, Any]) -> None:
        checked(service, operation, arguments)
        self.asked.append((operation, arguments))
        if self.wrong == operation:
            raise refusal("NotImplementedByLocalAws")

    def get_paginator(self, operation: str) -> "Aws":
        assert operation == "list_stack_resources"
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:
        rows = [
            {"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": physical}
            for name, (kind, physical) in RESOURCES.items()
        ]
        return [{"StackResourceSummaries": rows}]

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        return {"Stacks": [{"Outputs": []}]}

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ana"}

    def describe_state_machine(self, **arguments: Any) -> dict[str, Any]:
        self._note("stepfunctions", "DescribeStateMachine", arguments)
        return {"definition": json.dumps(DEFINITION), "type": "STANDARD"}

    def validate_state_machine_definition(self, **arguments: Any) -> dict[str, Any]:
        self._note("stepfunctions", "ValidateStateMachineDefinition", arguments)
        if self.wrong == "definition":
            fault = {"severity": "ERROR", "code": "SCHEMA", "location": "/States", "message": "bad"}
            return {"result": "FAIL", "diagnostics": [fault]}
        return {"result": "OK", "diagnostics": []}

    def test_state(self, **arguments: Any) -> dict[str, Any]:
        self._note("stepfunctions", "TestState", arguments)
        body = DEFINITION["States"][arguments["stateName"]]
        if body["Type"] == "Choice":
            return {"status": "FAILED", "error": "States.QueryEvaluationError", "cause": "number"}
        if body["Type"] == "Succeed":
            return {"status": "SUCCEEDED"}
        if body["Type"] == "Fail":
            return {"status": "FAILED"}
        assert arguments["mock"]["errorOutput"]["error"] == ERROR
        following = expected_state(body)
        if self.wrong == "catch":
            following = None
        if following is None:
            return {"status": "FAILED", "error": ERROR}
        return {"status": "CAUGHT_ERROR", "nextState": following}

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        self._note("lambda", "Invoke", arguments)
        assert arguments["InvocationType"] == "DryRun", "a function was called"
        if self.wrong == "function":
            raise refusal("ResourceNotFoundException")
        return {"StatusCode": 204}

    def get_function_configuration(self, **arguments: Any) -> dict[str, Any]:
        self._note("lambda", "GetFunctionConfiguration", arguments)
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/thriftline:1"
        return {
            "Role": "arn:aws:iam::123456789012:role/function",
            "Environment": {"Variables": {"TRAINING_IMAGE_URI": image}},
        }

    def simulate_principal_policy(self, **arguments: Any) -> dict[str, Any]:
        self._note("iam", "SimulatePrincipalPolicy", arguments)
        wrong = self.wrong == arguments["ActionNames"][0]
        return {"EvaluationResults": [{"EvalDecision": "implicitDeny" if wrong else "allowed"}]}

    def get_role(self, **arguments: Any) -> dict[str, Any]:
        self._note("iam", "GetRole", arguments)
        trust = {"Statement": [{"Principal": {"Service": "sagemaker.amazonaws.com"}}]}
        return {"Role": {"AssumeRolePolicyDocument": trust}}

    def describe_images(self, **arguments: Any) -> None:
        self._note("ecr", "DescribeImages", arguments)
        if self.wrong == "image":
            raise refusal("ImageNotFoundException")


def verify(aws: Aws, words: str = "--live") -> tuple[int, list[dict[str, Any]], str]:
    out, said = StringIO(), list[str]()
    context = Context(
        parsed(["verify", *words.split(), "--output", "json"]),
        stdout=out,
        stderr=Lines(said),
        make_client=aws.client,
    )
    code = run(context)
    rows = json.loads(out.getvalue()) if out.getvalue() else []
    return code, rows, " ".join(said)


def test_a_sound_stack_is_well_and_nothing_of_it_is_started() -> None:
    aws = Aws()
    code, rows, said = verify(aws, "--live --all")

    assert code == Exit.DONE
    assert "0 not, 2 could not be checked" in said
    unknown = {row["of"]: row["sentence"] for row in rows if row["passed"] is None}
    assert set(unknown) == {"TrainingStateMachine: Wait", "TrainingStateMachine: Which"}
    assert "empty values do not fit" in unknown["TrainingStateMachine: Which"]
    called = {operation for operation, _ in aws.asked}
    assert called <= {
        *("DescribeStateMachine", "ValidateStateMachineDefinition", "TestState", "Invoke"),
        *("GetFunctionConfiguration", "SimulatePrincipalPolicy", "GetRole", "DescribeImages"),
    }


def test_the_calls_of_an_engine_are_judged_where_the_stack_has_it() -> None:
    aws = Aws()
    verify(aws)
    simulated = [one for name, one in aws.asked if name == "SimulatePrincipalPolicy"]
    places = {one["ActionNames"][0]: one["ResourceArns"][0] for one in simulated}
    assert places["emr-serverless:CancelJobRun"].endswith("/applications/00f1/jobruns/00verify")
    assert "sagemaker:CreateProcessingJob" not in places


def test_a_task_is_given_an_error_and_its_retries_are_spent() -> None:
    aws = Aws()
    verify(aws)
    (work,) = [one for name, one in aws.asked if one.get("stateName") == "Work"]

    assert work["mock"]["errorOutput"]["error"] == ERROR
    assert work["stateConfiguration"] == {"retrierRetryCount": 2}
    assert "roleArn" not in work


@pytest.mark.parametrize(
    ("wrong", "of", "said"),
    [
        ("definition", "TrainingStateMachine", "SCHEMA /States: bad"),
        ("catch", "TrainingStateMachine: Work", "leads nowhere (FAILED)"),
        ("function", "thriftline-CleanUpFunction", "the function is not there"),
        ("iam:PassRole", "StartTrainingFunction: iam:PassRole", "IAM says implicitDeny"),
        ("image", "training image", "is not there; push it"),
    ],
)
def test_what_is_wrong_fails_the_command_and_is_named(wrong: str, of: str, said: str) -> None:
    code, rows, _ = verify(Aws(wrong))

    assert code == Exit.FAILED
    found = {row["of"]: row["sentence"] for row in rows if row["passed"] is False}
    assert said in found[of]


@pytest.mark.parametrize(
    "call", ["DescribeStateMachine", "TestState", "SimulatePrincipalPolicy", "Invoke"]
)
def test_a_call_that_is_not_answered_is_unknown_and_fails_only_a_strict_look(call: str) -> None:
    code, rows, said = verify(Aws(call))
    strict, _, _ = verify(Aws(call), "--live --strict")

    assert (code, strict) == (Exit.DONE, Exit.FAILED)
    unknown = [row for row in rows if row["passed"] is None]
    assert any("does not answer the call" in row["sentence"] for row in unknown)
    assert f"{len(unknown)} could not be checked" in said


def test_without_live_nothing_is_asked() -> None:
    aws = Aws()
    code, rows, said = verify(aws, "")

    assert (code, rows, aws.asked) == (Exit.USAGE, [], [])
    assert "say --live" in said


def test_one_machine_alone_is_looked_at_and_an_unknown_one_is_said() -> None:
    aws = Aws()
    code, rows, _ = verify(aws, "--live --all --machine TrainingStateMachine")
    assert code == Exit.DONE
    assert {row["check"] for row in rows} == {"definition", "state"}
    assert verify(aws, "--live --machine Nobody")[0] == Exit.NOT_FOUND


@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: one.name)
def test_every_shipped_machine_has_a_value_for_each_of_its_variables(
    machine: Machine,
) -> None:
    definition = machine.definition
    assigned = {name for name in sample_variables(definition) if name.isidentifier()}
    assert assigned == set(sample_variables(definition))
