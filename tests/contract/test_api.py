"""The API's routes: table, template, document and page say the same."""

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import API_HANDLER, ROOT, functions_of, statements_of
from tests.contract.test_template import _settings, _variables
from thriftline.api.dispatch import view_of
from thriftline.api.requests import Call
from thriftline.api.routes import ROUTES, Route
from thriftline.core.settings import Settings
from tools.write_openapi import OPENAPI, PAGE, openapi_text, page_text

API = ROOT / "functions/thriftline/api"
WIRINGS = ("api", "api_serving", "api_audit")
# SAM writes a permission for each event into the function's policy of 20 KB.
MOST_ROUTES = 50
NAMES = [f"{route.method} {route.path}" for route in ROUTES]


@pytest.fixture(scope="module")
def function(template: dict[str, Any]) -> dict[str, Any]:
    (found,) = [one for one in functions_of(template).values() if one["Handler"] == API_HANDLER]
    return found


def test_the_template_has_an_event_for_each_route_and_no_other(function: dict[str, Any]) -> None:
    events = [one["Properties"] for one in function["Events"].values()]
    assert sorted((one["Method"], one["Path"]) for one in events) == sorted(
        (route.method, route.path) for route in ROUTES
    )
    assert all(one["RestApiId"].value == "Api" for one in events)
    # None opens itself.
    assert all(set(one) == {"RestApiId", "Method", "Path"} for one in events)
    assert len(events) <= MOST_ROUTES


def test_no_route_is_there_twice() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_the_kept_document_is_that_of_the_routes_and_models() -> None:
    assert OPENAPI.read_text(encoding="utf-8") == openapi_text(), "run make docs"


def test_the_page_has_the_table_of_routes() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page_text(), "run make docs"
    assert all(f"`{name}`" in text for name in NAMES)


def test_the_document_has_every_route_with_its_statuses() -> None:
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    described = {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert sorted(described) == sorted(NAMES)
    for route, name in zip(ROUTES, NAMES, strict=True):
        responses = described[name]["responses"]
        assert str(int(route.status)) in responses
        assert "default" in responses
        assert {"400", "403", "429"} <= set(responses)


def test_the_documents_references_lead_somewhere() -> None:
    text = OPENAPI.read_text(encoding="utf-8")
    schemas = json.loads(text)["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/([^\"]+)", text)) <= set(schemas)


def test_nobody_calls_without_a_signature(template: dict[str, Any]) -> None:
    auth = template["Resources"]["Api"]["Properties"]["Auth"]
    assert auth["DefaultAuthorizer"] == "AWS_IAM"
    # Else the function would be called with the caller's own permissions.
    assert auth["InvokeRole"] == "NONE"


def test_what_the_gateway_refuses_is_a_problem_document(template: dict[str, Any]) -> None:
    answers = template["Resources"]["Api"]["Properties"]["GatewayResponses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "ACCESS_DENIED"} <= set(answers)
    for answer in answers.values():
        headers = answer["ResponseParameters"]["Headers"]
        assert headers["Content-Type"] == "'application/problem+json'"
        text = answer["ResponseTemplates"]["application/json"]
        filled = re.sub(r"\$context\.error\.messageString", '"no"', text)
        problem = json.loads(filled)
        assert set(problem) == {"type", "title", "status", "detail", "instance"}
        # API Gateway has no variable for it here.
        assert problem["status"] == int(answer["StatusCode"])


def test_who_may_look_may_not_act(template: dict[str, Any]) -> None:
    allowed = {
        name: [
            (one["Action"], re.split(r"\$\{\w+::AccountId\}:", one["Resource"].value)[1])
            for one in statements_of(template["Resources"][name]["Properties"]["PolicyDocument"])
            if one["Action"] != "sagemaker:InvokeEndpoint"
        ]
        for name in ("ApiReadPolicy", "ApiOperatePolicy")
    }
    # Where the API answers stands in the stack's outputs.
    outputs = ("cloudformation:DescribeStacks", "stack/${AWS::StackName}/*")
    assert allowed == {
        "ApiReadPolicy": [("execute-api:Invoke", "${Api}/v1/GET/*"), outputs],
        "ApiOperatePolicy": [("execute-api:Invoke", "${Api}/v1/*"), outputs],
    }


def test_who_may_act_may_ask_the_stacks_endpoints_where_no_project_is_closed(
    template: dict[str, Any],
) -> None:
    policies = {
        name: template["Resources"][name]["Properties"]["PolicyDocument"]["Statement"]
        for name in ("ApiReadPolicy", "ApiOperatePolicy")
    }
    assert "InvokeEndpoint" not in str(policies["ApiReadPolicy"])
    condition, allowed, otherwise = policies["ApiOperatePolicy"][-1].value
    assert condition == "HasOpenProjectsOnly"
    assert otherwise.value == "AWS::NoValue"
    assert template["Conditions"][condition].value[0].value == "ProjectMembers"
    assert template["Parameters"]["ProjectMembers"]["Default"] == "{}"
    assert template["Conditions"][condition].value[1] == "{}"
    assert allowed["Action"] == "sagemaker:InvokeEndpoint"
    assert [one.value.rpartition(":")[2] for one in allowed["Resource"]] == [
        "endpoint/*",
        "inference-component/*",
    ]
    of = allowed["Condition"]["StringEquals"]
    assert of["aws:ResourceTag/thriftline:stack"].value == "AWS::StackName"


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_a_view_takes_what_its_route_gives(route: Route) -> None:
    view = view_of(route.view)
    parameters = list(inspect.signature(view.function).parameters.values())
    assert parameters[0].annotation is Call
    assert {one.name for one in parameters[1:]} <= {"query", "body"}
    # A read has no body; what changes something has one, if only an empty object.
    assert (view.body is None) == (route.method in ("GET", "DELETE"))
    assert route.method in ("GET", "POST", "PUT", "DELETE")


def test_the_function_has_every_variable_that_its_wiring_asks_for(
    template: dict[str, Any], function: dict[str, Any]
) -> None:
    common = template["Globals"]["Function"]["Environment"]["Variables"]
    given = {*common, *function["Environment"]["Variables"], "AWS_REGION"}
    wirings = [importlib.import_module(f"thriftline.wiring.{name}") for name in WIRINGS]
    source = "\n".join(path.read_text() for path in sorted(API.rglob("*.py")))
    called = set(re.findall(r"\bwiring\.(\w+)\(", source)) - {"settings"}
    wired = [
        next(getattr(one, name) for one in wirings if hasattr(one, name)) for name in sorted(called)
    ]
    wired += [getattr(Settings, name).fget for name in _settings("wiring", source)]
    asked = {name for one in wired for name in _variables(one, set())}
    assert asked - given == set()


def test_chalices_own_requirements_are_in_no_zip(template: dict[str, Any]) -> None:
    layer = template["Resources"]["ApiLayer"]
    assert layer["Metadata"]["BuildMethod"] == "makefile"
    folder = ROOT / layer["Properties"]["ContentUri"]
    recipe = (folder / "Makefile").read_text()
    assert "build-ApiLayer:" in recipe
    assert "--no-deps --require-hashes" in recipe
    pins = _pins(folder / "requirements.txt")
    assert [pin.partition("==")[0] for pin in pins] == ["chalice"]
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "chalice" not in (ROOT / "functions/requirements.txt").read_text()
    with_it = [
        name
        for name, one in functions_of(template).items()
        if any(layer.value == "ApiLayer" for layer in one.get("Layers", ()))
    ]
    assert with_it == ["ApiFunction"]


def _pins(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
