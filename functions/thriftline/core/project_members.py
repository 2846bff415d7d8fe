"""Who may act for a project, out of the stack's parameter ``ProjectMembers``."""

import json
import re
from collections.abc import Mapping
from functools import cache

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidStackParameterError

_EXAMPLE = (
    'It looks like {"reviews": ["arn:aws:sts::*:assumed-role/Reviews/*"]}: the ARNs of callers by '
    "project, with * for any text."
)


@dataclass(frozen=True)
class Members:
    """The patterns of callers' ARNs by project; a project without any is everybody's."""

    patterns: Mapping[str, tuple[str, ...]]

    def may(self, project: str, caller: str) -> bool:
        """Whether a caller may see a project and act for it."""
        patterns = self.patterns.get(project)
        return patterns is None or any(_matches(one, caller) for one in patterns)

    @classmethod
    def read(cls, text: str) -> "Members":
        """Returns what the parameter says.

        Raises:
            InvalidStackParameterError: with what is wrong and an example.
        """
        try:
            given = json.loads(text)
        except ValueError as error:
            raise InvalidStackParameterError(
                f"The stack's parameter ProjectMembers is not JSON: {error}. {_EXAMPLE}"
            ) from error
        if not isinstance(given, dict) or not all(_is_list(one) for one in given.values()):
            raise InvalidStackParameterError(
                f"The stack's parameter ProjectMembers must be an object of lists. {_EXAMPLE}"
            )
        return cls({project: tuple(patterns) for project, patterns in given.items()})


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


def _matches(pattern: str, caller: str) -> bool:
    return _pattern(pattern).fullmatch(caller) is not None
