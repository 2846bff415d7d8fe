"""deploy/terraform/ follows template.yaml; `make docs` writes what differs."""

import io
import re
from typing import Any

import hcl2
import pytest

from tools import write_terraform_variables as writer

WRITTEN = {
    "variables.tf": writer.variables,
    "parameters.tf": writer.parameters,
    "outputs.tf": writer.outputs,
}
FIX = "run `make docs` (tools/write_terraform_variables.py)"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return writer.read_template()


def parsed(name: str) -> dict[str, Any]:
    text = (writer.FOLDER / name).read_text(encoding="utf-8")
    document: dict[str, Any] = hcl2.load(io.StringIO(text))
    return document


def blocks(document: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name.strip('"'): one for block in document[kind] for name, one in block.items()}


def bare(value: Any) -> Any:
    """Returns a value of the parser as Python has it."""
    if isinstance(value, list):
        return [bare(one) for one in value]
    return value.strip('"') if isinstance(value, str) else value


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_the_files_are_those_of_the_template(name: str, template: dict[str, Any]) -> None:
    written = (writer.FOLDER / name).read_text(encoding="utf-8")
    assert written == WRITTEN[name](template), FIX


def test_every_parameter_is_a_variable_of_its_type_and_default(template: dict[str, Any]) -> None:
    found = blocks(parsed("variables.tf"), "variable")
    assert set(found) == {writer.snake(name) for name in template["Parameters"]}, FIX
    for name, parameter in template["Parameters"].items():
        variable = found[writer.snake(name)]
        kind = {"Number": "number", "String": "string", "CommaDelimitedList": "list(string)"}
        assert kind[parameter["Type"]] in str(variable["type"]), name
        assert bare(variable["default"]) == writer.default_of(parameter), name
        ruled = {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter)
        assert bool(ruled) == ("validation" in variable), name


def test_every_parameter_is_given_to_the_stack(template: dict[str, Any]) -> None:
    (given,) = parsed("parameters.tf")["locals"]
    assert {bare(name) for name in given["parameters"]} == set(template["Parameters"]), FIX


def test_every_output_is_one(template: dict[str, Any]) -> None:
    found = blocks(parsed("outputs.tf"), "output")
    assert set(found) == {writer.snake(name) for name in template["Outputs"]}, FIX


def test_the_stack_has_the_packaged_template_and_may_expand_it() -> None:
    stack = blocks(parsed("main.tf"), "resource")["aws_cloudformation_stack"]
    (body,) = [one for one in stack.values() if isinstance(one, dict)]
    assert "var.template_url" in str(body["template_url"])
    assert bare(body["capabilities"]) == ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
    assert "template_body" not in body


@pytest.mark.parametrize("name", ["main.tf", *sorted(WRITTEN)])
def test_a_file_is_formatted(name: str) -> None:
    """As `terraform fmt` would, as far as that goes: two spaces, signs of a block in one column."""
    text = (writer.FOLDER / name).read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    depth = 0
    columns: set[int] = set()
    for line in text.splitlines():
        assert line == line.rstrip()
        assert "\t" not in line
        content = line.strip()
        if content.startswith(("}", "]")):
            depth -= 1
        if content:
            assert len(line) - len(line.lstrip()) == 2 * depth, line
        found = re.match(r" *[A-Za-z_]+ +(?==)", line)
        columns = columns | {found.end()} if found and not content.endswith("{") else set()
        assert len(columns) <= 1, line
        if content.endswith(("{", "[")) and not content.startswith("#"):
            depth += 1
    assert depth == 0


def test_a_pattern_means_the_same_to_terraform_as_to_cloudformation(
    template: dict[str, Any],
) -> None:
    """RE2 has no look-around and no back reference."""
    for name, parameter in template["Parameters"].items():
        pattern = parameter.get("AllowedPattern", "")
        assert not re.search(r"\(\?[=!<]|\\[1-9]", pattern), name
        assert pattern.startswith("^") or not pattern, name
