"""The page and the API agree: what the page's tests are answered is what the API answers."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.browser import sample_answers, sample_audits, sample_endpoints, sample_runs
from tests.browser.fake_api import page_of

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text())
Answer = dict[str, Any]


def listed(make: Callable[[], list[Answer]]) -> Callable[[], Answer]:
    """Returns what makes a page of a list."""
    return lambda: page_of(make(), {})


ANSWERS: dict[tuple[str, str], Callable[[], Answer]] = {
    ("GET", "/budget"): sample_answers.budget,
    ("GET", "/runs"): listed(sample_runs.runs),
    ("GET", "/runs/{id}"): sample_runs.run_detail,
    ("GET", "/approvals"): listed(sample_answers.approvals),
    ("GET", "/projects"): listed(sample_answers.projects),
    ("GET", "/projects/{project}/models"): listed(sample_answers.models),
    ("GET", "/endpoints"): listed(sample_endpoints.endpoints),
    ("GET", "/endpoints/{name}"): sample_endpoints.endpoint_detail,
    ("GET", "/endpoints/{name}/deployments"): listed(sample_endpoints.deployments),
    ("GET", "/endpoints/{name}/experiments/{id}"): sample_endpoints.experiment,
    ("GET", "/endpoints/{name}/quality"): listed(sample_endpoints.quality),
    ("GET", "/audits"): listed(sample_audits.audits),
    ("GET", "/audits/{id}"): sample_audits.audit_detail,
    ("GET", "/findings"): lambda: {
        **page_of(sample_audits.findings(), {}),
        **sample_answers.beside("findings", sample_audits.findings()),
    },
    ("GET", "/restores"): listed(sample_audits.restores),
    ("POST", "/endpoints/{name}/rollback"): sample_endpoints.previewed,
}
BODIES: dict[tuple[str, str], Answer] = {
    ("POST", "/approvals/{id}/approve"): {"worst_case_usd": "41.20"},
    ("POST", "/approvals/{id}/reject"): {},
    ("POST", "/runs/{id}/stop"): {"why": "wrong data"},
    ("POST", "/projects/{project}/models/{version}/approval"): {"status": "Approved", "why": "ok"},
    ("POST", "/endpoints/{name}/deployments"): {"project": "reviews", "version": 2, "why": "ok"},
    ("POST", "/endpoints/{name}/rollback"): {"why": "ok", "to_version": 1, "dry_run": True},
    ("POST", "/endpoints/{name}/abort"): {"why": "ok"},
    ("PUT", "/endpoints/{name}/schedule"): {
        "on": "cron(0 7 ? * MON-FRI *)",
        "off": "cron(0 19 ? * MON-FRI *)",
        "timezone": "Europe/Paris",
    },
    ("POST", "/endpoints/{name}/experiments/{id}/stop"): {"why": "ok"},
    ("POST", "/audits"): {"mode": "report"},
    ("POST", "/findings/{id}/accept"): {"reason": "needed", "until": "2027-02-03"},
    ("POST", "/restores"): {
        "endpoint": "sentiment-old",
        "account": "123456789012",
        "region": "us-east-1",
        "created": "2026-01-02T00:00:00Z",
    },
}


def operation(method: str, path: str) -> Answer:
    """Returns an operation of the document, whatever its path calls the parameters."""
    shape = re.sub(r"{\w+}", "{}", path)
    for given, methods in DOCUMENT["paths"].items():
        if re.sub(r"{\w+}", "{}", given) == shape and method.lower() in methods:
            found: Answer = methods[method.lower()]
            return found
    pytest.fail(f"the API has no route {method} {path}, which the page asks")


def faults(document: Answer, schema: Answer) -> list[str]:
    """Returns what a schema of the document has against an answer."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return [
        f"{'/'.join(map(str, one.absolute_path))}: {one.message}"
        for one in Draft202012Validator(whole).iter_errors(document)
    ]


def schema_of(content: Answer) -> Answer:
    """Returns the schema of a body."""
    found: Answer = content["content"]["application/json"]["schema"]
    return found


@pytest.mark.parametrize("route", ANSWERS, ids=" ".join)
def test_the_pages_sample_is_what_the_api_answers(route: tuple[str, str]) -> None:
    answers = operation(*route)["responses"]

    assert faults(ANSWERS[route](), schema_of(answers["200"])) == []


@pytest.mark.parametrize("route", BODIES, ids=" ".join)
def test_what_the_page_sends_is_what_the_api_takes(route: tuple[str, str]) -> None:
    assert faults(BODIES[route], schema_of(operation(*route)["requestBody"])) == []


def test_the_filter_has_every_status_of_a_run() -> None:
    words = (WEB / "js/words.js").read_text()
    shown = re.search(r"RUN_STATUSES = \[(.*?)\]", words, re.DOTALL)
    assert shown
    parameters = operation("GET", "/runs")["parameters"]
    (status,) = [one for one in parameters if one["name"] == "status"]

    assert set(re.findall(r'"(\w+)"', shown[1])) == set(statuses(status["schema"]))


def statuses(schema: Answer) -> list[str]:
    """Returns the values of a parameter that may be left out."""
    found: list[str] = next(one["enum"] for one in schema.get("anyOf", [schema]) if "enum" in one)
    return found


def test_no_module_writes_markup() -> None:
    own = [one for one in WEB.rglob("*.js") if "vendor" not in one.parts]
    found = [
        f"{one.name}: {word}"
        for one in own
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "dangerouslySet", "eval(")
        if word in one.read_text()
    ]
    assert found == []


def test_no_style_stands_in_the_markup_which_the_policy_would_refuse() -> None:
    for one in [*WEB.rglob("*.html"), *WEB.rglob("*.js")]:
        if "vendor" not in one.parts:
            assert "style=" not in one.read_text(), one.name


def test_modules_are_small_and_say_what_they_are_for() -> None:
    for one in WEB.rglob("*.js"):
        if "vendor" not in one.parts:
            lines = one.read_text().splitlines()
            assert lines[0].startswith("// "), one.name
            assert len(lines) < 200, one.name


def test_what_is_vendored_has_its_licence() -> None:
    licences = (WEB / "vendor/LICENSES.txt").read_text()
    for one in (WEB / "vendor").glob("*.js"):
        assert one.name in licences


def test_the_page_is_plain_english() -> None:
    from tests.contract.test_plain_english import banned_in

    wrong = [
        f"{one.name}:{number}: {words}"
        for one in [*WEB.rglob("*.js"), *WEB.rglob("*.html")]
        if "vendor" not in one.parts
        for number, line in enumerate(one.read_text().splitlines(), 1)
        if (words := banned_in(line))
    ]
    assert wrong == []
