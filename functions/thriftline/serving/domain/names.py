"""What a deployment calls the things that it makes. The same content has the same name."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

_LONGEST = 63
_LONGEST_STEM = 40
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9]+")


def digest(content: Mapping[str, Any] | str, length: int = 8) -> str:
    """Returns some hexadecimal digits that stand for a content."""
    text = content if isinstance(content, str) else json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def endpoint_name(stack: str, project: str) -> str:
    """Returns what a project's endpoint is called where ``serve.yaml`` names none."""
    name = _plain(f"{stack}-{project}")
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 9].rstrip('-')}-{digest(name)}"


def config_name(endpoint: str, version: int, content: Mapping[str, Any]) -> str:
    """Returns the name of an endpoint config; another content has another name."""
    return f"{_stem(endpoint)}-v{version}-{digest(content)}"


def model_name(project: str, version: int, content: Mapping[str, Any]) -> str:
    """Returns the name of a model."""
    return f"{_stem(project)}-v{version}-{digest(content)}"


def component_name(endpoint: str) -> str:
    """Returns the name of an endpoint's one inference component."""
    return f"{endpoint[: _LONGEST - 6].rstrip('-')}-model"


def target_model(project: str, version: int, artifact_uri: str) -> str:
    """Returns the object of a version under a multi-model endpoint's prefix."""
    return f"{_stem(project)}-v{version}-{digest(artifact_uri)}.tar.gz"


def _stem(name: str) -> str:
    return _plain(name)[:_LONGEST_STEM].rstrip("-")


def _plain(name: str) -> str:
    return _NOT_ALLOWED.sub("-", name).strip("-")
