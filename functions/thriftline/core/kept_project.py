"""Whose a kept thing is: its project says who may see it, before all else of it is read."""

from collections.abc import Mapping
from typing import Any


def project_of(kept: Mapping[str, Any]) -> str | None:
    """Returns whose an item or document is; None where that is missing or no text.

    Then nobody is known to be allowed to see it: no project is not a project of everybody.
    """
    project = kept.get("project")
    return project if isinstance(project, str) and project else None


def required_project(kept: Mapping[str, Any]) -> str:
    """Returns whose an item is, of a kind that always has a project; belongs inside ``reading``.

    Raises:
        KeyError: it has none.
        TypeError: it is no text, or an empty one.
    """
    project = project_of(kept)
    if project is None:
        raise TypeError(f"project is {kept['project']!r}")
    return project
