"""Reads a SAM template as `sam deploy` would: files resolved, then translated by SAM itself."""

import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import intrinsics_multi_constructor

from local_aws.functions.layers import Layer

# SAM wants code in S3; the functions run from their folder, and nothing is ever put there.
_PLACEHOLDER = "s3://local-aws/code"
_LAYER = "layers/"
_TRANSFORM = "AWS::Serverless-2016-10-31"
# A process that starts the same template again, as tests do, reads and translates it once.
_KEPT_TEXTS, _KEPT_TRANSLATIONS = 32, 8


class _Loader(yaml.CSafeLoader):
    """Reads a template as SAM does, with libyaml's parser, which takes a tenth of the time."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


class TemplateError(ValueError):
    """The template, a file that it names, or a parameter is wrong."""


@dataclass(frozen=True)
class Template:
    """A translated template: plain CloudFormation, and where each function's code lies.

    The layers are by the names that SAM gave them.
    """

    body: dict[str, Any]
    parameters: dict[str, str]
    code: dict[str, Path]
    layers: dict[str, Layer] = field(default_factory=dict)


def read_template(
    path: Path, *, stack_name: str, account: str, region: str, parameters: Mapping[str, str]
) -> Template:
    """Read and translate the template at `path`."""
    source = _read_source(path)
    _check_transforms(path, source)
    values = _parameter_values(source.get("Parameters", {}), parameters)
    code = dict(_take_code(source, path.parent))
    layers = dict(_take_layers(source, path.parent))
    _inline_definitions(source, path.parent)
    pseudo = {
        "AWS::Region": region,
        "AWS::AccountId": account,
        "AWS::StackName": stack_name,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }
    body = _translate(path, source, {**pseudo, **values}, region)
    _inline_code(body)
    return Template(
        body=body, parameters=values, code=code, layers=dict(_inline_layers(body, layers))
    )


def read_layers(path: Path) -> list[Layer]:
    """Return the layers that the template at `path` has."""
    return [layer for _, layer in _take_layers(_read_source(path), path.parent)]


def _read_source(path: Path) -> dict[str, Any]:
    try:
        source = pickle.loads(_parsed(path.read_text(encoding="utf-8"), _Loader))
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise TemplateError(f"{path}: {error}") from error
    if not isinstance(source, dict) or not source.get("Resources"):
        raise TemplateError(f"{path}: no Resources")
    return source


@lru_cache(_KEPT_TEXTS)
def _parsed(text: str, loader: type[yaml.CSafeLoader]) -> bytes:
    """Return what a YAML text says, pickled, so that each caller has one of its own."""
    return pickle.dumps(_without_dates(yaml.load(text, loader)))


def _without_dates(value: Any) -> Any:
    # YAML reads an unquoted 2012-10-17 as a date; CloudFormation reads a text.
    if isinstance(value, dict):
        return {key: _without_dates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_dates(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _check_transforms(path: Path, source: Mapping[str, Any]) -> None:
    transforms = source.get("Transform", [])
    names = [transforms] if isinstance(transforms, str) else transforms
    if others := [name for name in names if name != _TRANSFORM]:
        raise TemplateError(f"{path}: the transforms {others} are not done locally")


def _parameter_values(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]
) -> dict[str, str]:
    if unknown := sorted(set(given) - set(declared)):
        raise TemplateError(
            f"unknown parameters {', '.join(unknown)}; the template has {', '.join(declared)}"
        )
    values = {}
    for name, declaration in declared.items():
        if name not in given and "Default" not in declaration:
            raise TemplateError(f"the parameter {name} has no default: give --parameter {name}=…")
        values[name] = str(given.get(name, declaration.get("Default")))
        _check_value(name, values[name], declaration)
    return values


def _check_value(name: str, value: str, declaration: Mapping[str, Any]) -> None:
    allowed = declaration.get("AllowedValues")
    if allowed is not None and value not in [str(each) for each in allowed]:
        raise TemplateError(f"the parameter {name} is {value!r}; allowed are {allowed}")
    pattern = declaration.get("AllowedPattern")
    is_list = declaration.get("Type") == "CommaDelimitedList"
    for each in (one.strip() for one in value.split(",")) if is_list else (value,):
        if pattern is not None and not re.fullmatch(pattern, each):
            raise TemplateError(f"the parameter {name} is {each!r}, which {pattern} does not match")
    if declaration.get("Type") == "Number":
        _check_number(name, value, declaration)


def _check_number(name: str, value: str, declaration: Mapping[str, Any]) -> None:
    try:
        number = float(value)
    except ValueError as error:
        raise TemplateError(f"the parameter {name} is {value!r}, not a number") from error
    low = float(declaration.get("MinValue", number))
    high = float(declaration.get("MaxValue", number))
    if not low <= number <= high:
        raise TemplateError(f"the parameter {name} is {value}, not within {low:g} and {high:g}")


def _of_type(source: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in source["Resources"].items():
        if resource.get("Type") == kind:
            yield name, resource.setdefault("Properties", {})


def _take_code(source: dict[str, Any], folder: Path) -> Iterator[tuple[str, Path]]:
    shared = source.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for name, properties in _of_type(source, "AWS::Serverless::Function"):
        uri = properties.get("CodeUri", shared)
        if "InlineCode" in properties or "ImageUri" in properties or not isinstance(uri, str):
            raise TemplateError(f"{name}: only functions with a local CodeUri run here")
        code = (folder / uri).resolve()
        if not code.is_dir():
            raise TemplateError(f"{name}: its CodeUri {uri} is no folder")
        properties["CodeUri"] = _PLACEHOLDER
        yield name, code


def _take_layers(source: dict[str, Any], folder: Path) -> Iterator[tuple[str, Layer]]:
    for name, properties in _of_type(source, "AWS::Serverless::LayerVersion"):
        content = (folder / str(properties.get("ContentUri"))).resolve()
        if not content.is_dir():
            raise TemplateError(f"{name}: its ContentUri {content} is no folder")
        properties["ContentUri"] = f"s3://local-aws/{_LAYER}{name}"
        method = source["Resources"][name].get("Metadata", {}).get("BuildMethod")
        yield name, Layer(name, content, method)


def _inline_definitions(source: dict[str, Any], folder: Path) -> None:
    for name, properties in _of_type(source, "AWS::Serverless::StateMachine"):
        uri = properties.pop("DefinitionUri", None)
        if uri is None:
            continue
        try:
            # YAML is a superset of JSON: this reads both.
            text = (folder / uri).read_text(encoding="utf-8")
            properties["Definition"] = pickle.loads(_parsed(text, yaml.CSafeLoader))
        except (OSError, TypeError, yaml.YAMLError) as error:
            raise TemplateError(f"{name}: its DefinitionUri {uri}: {error}") from error


def _translate(
    path: Path, source: dict[str, Any], values: Mapping[str, str], region: str
) -> dict[str, Any]:
    try:
        translated = _translated(pickle.dumps(source), tuple(values.items()), region)
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"{path}: SAM refuses it: {causes}") from error
    body: dict[str, Any] = pickle.loads(translated)
    return body


@lru_cache(_KEPT_TRANSLATIONS)
def _translated(source: bytes, values: tuple[tuple[str, str], ...], region: str) -> bytes:
    """Return the CloudFormation of a source, both pickled."""
    session = boto3.Session(region_name=region)
    translator = Translator({}, Parser(), boto_session=session)
    return pickle.dumps(dict(translator.translate(pickle.loads(source), dict(values))))


def _inline_code(body: dict[str, Any]) -> None:
    for _, properties in _of_type(body, "AWS::Lambda::Function"):
        properties["Code"] = {"ZipFile": "# This function runs from its CodeUri."}


def _inline_layers(
    body: dict[str, Any], layers: Mapping[str, Layer]
) -> Iterator[tuple[str, Layer]]:
    # SAM adds a digest to a layer's name; its placeholder says which one it was.
    for name, properties in _of_type(body, "AWS::Lambda::LayerVersion"):
        key = str(properties["Content"].get("S3Key", ""))
        if not key.startswith(_LAYER):
            raise TemplateError(f"{name}: only layers with a local ContentUri are done here")
        properties["Content"] = {"ZipFile": ""}
        yield name, layers[key.removeprefix(_LAYER)]
