"""Writes what Terraform's module has of template.yaml: variables, parameters and outputs.

make docs
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy" / "terraform"
_HEAD = "# Written by tools/write_terraform_variables.py from template.yaml: run `make docs`.\n"
_TYPES = {"String": "string", "Number": "number", "CommaDelimitedList": "list(string)"}


def read_template() -> dict[str, Any]:
    """Returns the template."""
    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return template


def snake(name: str) -> str:
    """Returns the name of a variable: ``max_usd_per_run`` for ``MaxUsdPerRun``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("MiB", "Mib")).lower()


def quoted(text: str) -> str:
    """Returns a string of HCL, in which nothing is a template."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def default_of(parameter: Mapping[str, Any]) -> str | int | list[str]:
    """Returns a parameter's default in the type of its variable."""
    value = parameter["Default"]
    if parameter["Type"] == "Number":
        return int(value)
    if parameter["Type"] == "CommaDelimitedList":
        return [item.strip() for item in str(value).split(",") if item.strip()]
    return str(value)


def variables(template: Mapping[str, Any]) -> str:
    """Returns variables.tf."""
    blocks = [_variable(name, one) for name, one in template["Parameters"].items()]
    return _HEAD + "\n" + "\n".join(blocks)


def parameters(template: Mapping[str, Any]) -> str:
    """Returns parameters.tf: what each variable is to the stack, as texts."""
    given = {name: _given(name, one["Type"]) for name, one in template["Parameters"].items()}
    widest = max(map(len, given))
    lines = [f"    {name.ljust(widest)} = {value}" for name, value in given.items()]
    return "\n".join([f"{_HEAD}", "locals {", "  parameters = {", *lines, "  }", "}", ""])


def outputs(template: Mapping[str, Any]) -> str:
    """Returns outputs.tf; what the parameters switch off is null."""
    blocks = [
        "\n".join(
            [
                f'output "{snake(name)}" {{',
                f"  description = {quoted(_line(one['Description']))}",
                "  value       = "
                f"try(aws_cloudformation_stack.thriftline.outputs[{quoted(name)}], null)",
                "}",
                "",
            ]
        )
        for name, one in template["Outputs"].items()
    ]
    return _HEAD + "\n" + "\n".join(blocks)


def _line(text: str) -> str:
    return " ".join(str(text).split())


def _given(name: str, kind: str) -> str:
    variable = f"var.{snake(name)}"
    return {"Number": f"tostring({variable})", "CommaDelimitedList": f'join(",", {variable})'}.get(
        kind, variable
    )


def _variable(name: str, parameter: Mapping[str, Any]) -> str:
    default = default_of(parameter)
    if isinstance(default, list):
        written = "[" + ", ".join(map(quoted, default)) + "]"
    else:
        written = quoted(default) if isinstance(default, str) else str(default)
    rows = {
        "description": quoted(_line(parameter["Description"])),
        "type": _TYPES[parameter["Type"]],
        "default": written,
        "nullable": "false",
    }
    lines = [f'variable "{snake(name)}" {{']
    lines += [f"  {key.ljust(11)} = {value}" for key, value in rows.items()]
    for condition, message in _rules(f"var.{snake(name)}", parameter):
        lines += ["", "  validation {", f"    condition     = {condition}"]
        lines += [f"    error_message = {quoted(message)}", "  }"]
    return "\n".join([*lines, "}", ""])


def _rules(variable: str, parameter: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields conditions and what is said where they do not hold."""
    if pattern := parameter.get("AllowedPattern"):
        said = _line(parameter.get("ConstraintDescription", f"It has to match {pattern}"))
        yield _matches(variable, quoted(pattern), parameter["Type"]), _sentence(said)
    if values := parameter.get("AllowedValues"):
        texts = [quoted(one) if isinstance(one, str) else str(one) for one in values]
        yield (
            f"contains([{', '.join(texts)}], {variable})",
            f"One of: {', '.join(map(str, values))}.",
        )
    low, high = parameter.get("MinValue"), parameter.get("MaxValue")
    if low is not None and high is not None:
        yield (
            f"{variable} >= {low} && {variable} <= {high} && floor({variable}) == {variable}",
            f"A whole number from {low} to {high}.",
        )


def _matches(variable: str, pattern: str, kind: str) -> str:
    if kind == "CommaDelimitedList":
        return f"alltrue([for one in {variable} : can(regex({pattern}, one))])"
    return f"can(regex({pattern}, {variable}))"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def main() -> None:
    """Writes them all."""
    template = read_template()
    for name, text in (
        ("variables.tf", variables(template)),
        ("parameters.tf", parameters(template)),
        ("outputs.tf", outputs(template)),
    ):
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
