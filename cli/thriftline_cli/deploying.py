"""What is looked at before the stack is deployed: parameters, image, quotas. Nothing is changed."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from ruamel.yaml import YAML

_SPOT = "{} for spot training job usage"
_ON_DEMAND = "{} for training job usage"
_TAG = "TrainingImageTag"
_TYPE = "DefaultInstanceType"
Client = Callable[[str], Any]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``passed`` is None where it could not be."""

    name: str
    passed: bool | None
    sentence: str
    fix: str = ""


def parameters_of(template: Path) -> Mapping[str, Mapping[str, Any]]:
    """Returns the parameters of a template."""
    yaml = YAML(typ="safe")
    # Of CloudFormation's own tags only the rest of the template has some.
    yaml.constructor.add_multi_constructor("!", lambda *_: None)
    found: dict[str, Any] = yaml.load(template.read_text(encoding="utf-8"))
    parameters: Mapping[str, Mapping[str, Any]] = found["Parameters"]
    return parameters


def check_parameters(
    known: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]
) -> Iterator[Check]:
    """Yields a check for each parameter that is given, and each that must be."""
    for name, value in given.items():
        yield _parameter(name, value, known)
    for name, one in known.items():
        if "Default" not in one and name not in given:
            yield Check(name, False, f"{name} has no default and was not given", f"{name}=VALUE")


def _parameter(name: str, value: str, known: Mapping[str, Mapping[str, Any]]) -> Check:
    from difflib import get_close_matches

    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "see the table in README.md"
        return Check(name, False, f"the template has no parameter {name}", hint)
    rule = known[name]
    said = rule.get("ConstraintDescription")
    allowed = [str(one) for one in rule.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return Check(name, False, f"{name} is {value!r}", f"one of {', '.join(allowed)}")
    pattern = rule.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return Check(name, False, f"{name} is {value!r}", said or f"it must match {pattern}")
    return _number(name, value, rule)


def _number(name: str, value: str, rule: Mapping[str, Any]) -> Check:
    if rule.get("Type") == "Number":
        try:
            number = float(value)
        except ValueError:
            return Check(name, False, f"{name} is {value!r}", "it must be a number")
        least, most = rule.get("MinValue"), rule.get("MaxValue")
        if least is not None and number < float(least):
            return Check(name, False, f"{name} is {value}", f"it must be at least {least}")
        if most is not None and number > float(most):
            return Check(name, False, f"{name} is {value}", f"it must be at most {most}")
    return Check(name, True, f"{name} is {value}")


def check_image(repository: str | None, tag: str, client: Client) -> Check:
    """Looks for the training image. A stack that is not there yet makes its repository first."""
    if repository is None:
        return Check(
            "image",
            None,
            "the stack is not there yet; it makes the repository, then the image is pushed",
        )
    name = repository.partition("/")[2]
    try:
        client("ecr").describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ("ImageNotFoundException", "RepositoryNotFoundException"):
            return Check("image", None, f"{repository}:{tag} could not be looked up: {code}")
        return Check(
            "image",
            False,
            f"{repository}:{tag} is not there",
            f"docker build -t {repository}:{tag} --build-arg BASE_IMAGE=REPOSITORY@sha256:DIGEST "
            f"training_image && docker push {repository}:{tag} (README says how to read the digest "
            "of the base)",
        )
    return Check("image", True, f"{repository}:{tag} is there")


def check_quotas(instance_type: str, client: Client) -> Iterator[Check]:
    """Yields a check for Spot and one for on demand."""
    wanted = {
        _SPOT.format(instance_type): "Spot training",
        _ON_DEMAND.format(instance_type): "training on demand",
    }
    try:
        found = _quotas(set(wanted), client("service-quotas"))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        yield Check("quota", None, f"the quotas could not be read: {code}")
        return
    for name, what in wanted.items():
        if name not in found:
            yield Check("quota", None, f"SageMaker names no quota '{name}'")
            continue
        value, code = found[name]
        fix = (
            "aws service-quotas request-service-quota-increase --service-code sagemaker "
            f"--quota-code {code} --desired-value 1"
        )
        yield Check(
            "quota",
            value >= 1,
            f"{value:g} instances {instance_type} for {what}",
            "" if value >= 1 else fix,
        )


def _quotas(names: set[str], client: Any) -> dict[str, tuple[float, str]]:
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    return {
        one["QuotaName"]: (float(one["Value"]), str(one["QuotaCode"]))
        for page in pages
        for one in page["Quotas"]
        if one["QuotaName"] in names
    }


def all_checks(
    template: Path, given: Mapping[str, str], outputs: Mapping[str, str], client: Client
) -> list[Check]:
    """Returns everything that is looked at, in the order in which a person fixes it."""
    known = parameters_of(template)

    def value(name: str) -> str:
        return given.get(name) or str(known.get(name, {}).get("Default", ""))

    return [
        *check_parameters(known, given),
        check_image(outputs.get("TrainingRepositoryUri"), value(_TAG), client),
        *check_quotas(value(_TYPE), client),
    ]
