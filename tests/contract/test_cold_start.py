"""What a handler may load when it is imported: a cold start is paid for on every first call."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cold_start import HEAVY, handlers
from local_aws.deployment.template import read_layers
from local_aws.functions.layers import layer_packages
from local_aws.options import LAMBDA_PYTHON

ROOT = Path(__file__).parents[2]
# Modules that cost a handler's import most. "rules" is the registry of the audit's rules.
REGISTRY = "thriftline.audit.domain.rules.registry"
YAML = "ruamel.yaml"
JOB_OUTPUT = "thriftline.evaluation.job_output"
RESULT = "thriftline.runs.schemas.result"
HEAVY_MODULES = (
    *("numpy", "arro3", "jinja2", "pygal", "pandas", "pyarrow"),
    *(REGISTRY, YAML, JOB_OUTPUT, RESULT),
)
DRAWS = {"jinja2", "pygal"}
READS = {"numpy", "arro3"}
ALLOWED: dict[str, set[str]] = {
    "evaluate_run": READS,
    "explain_upload": DRAWS,
    "merge_validation": {*READS, *DRAWS},
    "prepare_split": READS,
    "publish_result": DRAWS,
    "validate_dataset": {*READS, *DRAWS},
    "validate_range": READS,
    "publish_endpoint_page": DRAWS,
    "publish_audit": {*DRAWS, REGISTRY},
    "write_report": {*DRAWS, REGISTRY},
    # These decide by the rules, or read what the rules ask for.
    "act_on_plan": {REGISTRY},
    "apply_rules": {REGISTRY},
    "assemble_inventory": {REGISTRY},
    "collect_part": {REGISTRY},
    "mark_on_plan": {REGISTRY},
    "open_audit": {REGISTRY},
    "plan_actions": {REGISTRY},
    "restore_endpoint": {REGISTRY},
}
# What people write, and what a job or a run leaves, is read by these alone.
READ_BY = {
    YAML: {
        *("apply_rules", "open_deployment", "open_experiment", "open_run", "plan_actions"),
        *("poll_preparation", "preview_deployment", "publish_endpoint_page"),
        *("start_preparation", "watch_quality", "write_report"),
    },
    JOB_OUTPUT: {"evaluate_run"},
    RESULT: {
        *("explain_upload", "publish_result", "register_model", "settle_budget", "sweep_ledger"),
    },
}
# Classes that tables, registries and defaults of modules are made of, by the room of the class.
USED_AT_IMPORT = {
    # audit
    *("ActionSpec", "ReportTotals", "ResourceSpec", "Rule", "StepSpec", "Unread", "UseSignals"),
    # datasets and evaluation
    *("Check", "Evidence", "ModelFigures", "RecordEnds", "TrainFigures", "_Verdict"),
    # money
    *("Chip", "TokenRates", "UnitRates"),
    # runs
    *("ApprovalPolicy", "Encoder", "OwnRun", "PreparationBill", "ResultCost"),
    # serving
    *("AlarmSettings", "Component", "Counts", "KindFacts", "Marks", "Rollout", "Serverless"),
    "Watch",
}
# Each handler is imported in a child of its own: the parent has loaded what all of them need.
PROGRAM = """
import gc, importlib, json, os, sys
import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer

def built():
    # What our modules have built by now: models, adapters, the methods of dataclasses.
    from pydantic import BaseModel, TypeAdapter

    ours = [module for name, module in sys.modules.items() if name.startswith("thriftline.")]
    named = {id(one): one for module in ours for one in vars(module).values()}
    names = set()
    for one in named.values():
        if isinstance(one, TypeAdapter) and one.pydantic_complete:
            names.add(f"an adapter of {one._type}")
        if not isinstance(one, type) or not one.__module__.startswith("thriftline."):
            continue
        if issubclass(one, BaseModel) and one.__pydantic_complete__ and one.model_fields:
            names.add(one.__qualname__)
        if "__dataclass_fields__" in vars(one) and "__eq__" in vars(one):
            code = vars(one)["__eq__"].__code__
            if code.co_filename == "<string>":
                names.add(one.__qualname__)
    return sorted(names)

found = {}
for name in sys.argv[2:]:
    read, write = os.pipe()
    if not os.fork():
        rounds = []
        gc.callbacks.append(lambda phase, _: rounds.append(phase))
        importlib.import_module(f"thriftline.handlers.{name}")
        collector = [len(rounds), gc.isenabled()]
        heavy = [one for one in json.loads(sys.argv[1]) if one in sys.modules]
        os.write(write, json.dumps([heavy, built(), collector]).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        found[name] = json.loads(answer.read())
    os.wait()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[Any]]:
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT / "functions")}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(HEAVY_MODULES), *handlers()],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    found: dict[str, list[Any]] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("name", handlers())
def test_nothing_is_collected_while_a_handler_is_imported(
    imported: dict[str, list[Any]], name: str
) -> None:
    phases, is_enabled = imported[name][2]
    # A round begins and stops; one may come before the first line, and one when all is there.
    assert phases <= 4
    assert is_enabled


@pytest.mark.parametrize("name", handlers())
def test_a_handler_loads_no_heavy_module_that_it_does_not_need(
    imported: dict[str, list[Any]], name: str
) -> None:
    loaded = imported[name][0]
    reads = {module for module, readers in READ_BY.items() if name in readers}
    extra = set(loaded) - ALLOWED.get(name, set()) - reads
    assert not extra, f"{name} loads {sorted(extra)}; import it where it is used"


@pytest.mark.parametrize("name", handlers())
def test_a_handler_builds_no_class_before_it_is_used(
    imported: dict[str, list[Any]], name: str
) -> None:
    built = imported[name][1]
    extra = set(built) - USED_AT_IMPORT
    assert not extra, (
        f"{name} builds {sorted(extra)} when it is imported. Give a model or an adapter "
        "defer_build=True, take dataclass from thriftline.core.dataclass, and make no instance at "
        "import that a call may not need; else name it in USED_AT_IMPORT."
    )


def test_the_benchmarks_heavy_handlers_are_those_that_read_or_draw() -> None:
    assert {name for name, modules in ALLOWED.items() if modules & {*DRAWS, *READS}} == HEAVY


def test_the_api_loads_none_of_the_heavy_modules_and_no_view_but_the_called() -> None:
    program = (
        "import json, sys; import thriftline.api.handler; print(json.dumps(sorted(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT / "functions")},
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )

    loaded = set(json.loads(answer.stdout))

    assert loaded & set(HEAVY_MODULES) == set()
    assert [name for name in loaded if name.startswith("thriftline.api.views.")] == []


def test_only_a_function_with_the_layer_can_import_chalice() -> None:
    (layer,) = (each for each in read_layers(ROOT / "template.yaml") if each.name == "ApiLayer")

    def imports(*layers: Path) -> bool:
        program = f"import sys; sys.path[:0] = {[str(one) for one in layers]!r}; import chalice"
        done = subprocess.run([LAMBDA_PYTHON, "-c", program], capture_output=True, check=False)
        return done.returncode == 0

    assert (imports(), imports(layer_packages(layer))) == (False, True)
