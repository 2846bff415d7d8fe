"""The shipped template, as far as a virtual run needs it: functions, machines, variables."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.virtual_time.machine import Machine, read_machine

ROOT = Path(__file__).parents[2]
ACCOUNT, REGION, STACK = "123456789012", "us-east-1", "thriftline"
_STATES = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{STACK}"
# What the stack is deployed with; every other variable is what the template says by default.
VARIABLES = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "STACK_NAME": STACK,
    "ACCOUNT_ID": ACCOUNT,
    "PARTITION": "aws",
    "DATA_BUCKET": "data",
    "ARTIFACTS_BUCKET": "artifacts",
    "RUNS_TABLE": "runs",
    "LEDGER_TABLE": "ledger",
    "EVENT_BUS": "default",
    "ALERTS_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts",
    "TRAINING_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/training",
    "TRAINING_IMAGE_URI": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/thriftline-training:1",
    "APPROVAL_SECRET_ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:approvals",
    "ANSWER_APPROVAL_FUNCTION": "answer-approval",
    "TRAINERS": "sagemaker,bedrock",
    "BEDROCK_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/bedrock",
    "EMR_APPLICATION_ID": "00f1",
    "EMR_JOB_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/preparation",
    # The layer has it in one file; nobody runs it here.
    "PREPARATION_PROGRAM": str(ROOT / "preparation/thriftline_preparation/main.py"),
    "APPROVAL_ABOVE_USD": "4",
    "APPROVAL_HOURS": "72",
    "STOP_RUNS_AT_BUDGET": "off",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_TRACE_DISABLED": "1",
    "POWERTOOLS_SERVICE_NAME": "thriftline",
}


class _Loader(yaml.CSafeLoader):
    """Reads intrinsics as a mapping with one key, as JSON writes them."""


def _intrinsic(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {f"!{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def template_of_the_stack() -> Any:
    """Returns the template, its intrinsics as mappings with one key."""
    return yaml.load((ROOT / "template.yaml").read_text(), Loader=_Loader)


@dataclass(frozen=True)
class Function:
    """A function of the template. ``handler`` is what Lambda would call."""

    name: str
    handler: Callable[[dict[str, Any], Any], dict[str, Any]]
    seconds: int


@cache
def function(name: str) -> Function:
    """Returns a function by its logical id."""
    properties = template_of_the_stack()["Resources"][name]["Properties"]
    module, _, attribute = properties["Handler"].rpartition(".")
    seconds = properties.get("Timeout", template_of_the_stack()["Globals"]["Function"]["Timeout"])
    return Function(name, getattr(importlib.import_module(module), attribute), seconds)


@cache
def machine(name: str) -> tuple[Machine, Mapping[str, str]]:
    """Returns a machine by its logical id, and the logical id behind each substitution."""
    properties = template_of_the_stack()["Resources"][name]["Properties"]
    named = {
        f"${{{key}}}": _resource(value)
        for key, value in properties["DefinitionSubstitutions"].items()
    }
    return read_machine(ROOT / properties["DefinitionUri"], f"{_STATES}-{name}"), named


def _resource(value: Any) -> str:
    """The logical id that a substitution leads to, by its attribute or by its own name."""
    ((kind, inner),) = value.items()
    if kind != "!Sub":
        return str(inner).partition(".")[0]
    wanted = {"!Sub": inner.rpartition(":function:")[2]}
    for name, resource in template_of_the_stack()["Resources"].items():
        if resource.get("Properties", {}).get("FunctionName") == wanted:
            return str(name)
    raise NotImplementedError(f"the substitution {inner} leads to nothing that is known here")


@cache
def environment() -> Mapping[str, str]:
    """Returns the variables of all functions together."""
    found: dict[str, str] = {}
    for resource in template_of_the_stack()["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            found.update({name: _resolved(value) for name, value in variables.items()})
    return {**found, **VARIABLES}


def _resolved(value: Any) -> str:
    """What a variable is in a stack without parameters, a name of its own where AWS gives one."""
    if not isinstance(value, dict):
        return str(value)
    ((kind, inner),) = value.items()
    if kind == "!Ref" and inner in template_of_the_stack()["Parameters"]:
        default = template_of_the_stack()["Parameters"][inner].get("Default", "")
        return str(default)
    if kind == "!Join":
        return _resolved(inner[1])
    return str(inner) if isinstance(inner, str) else ""
