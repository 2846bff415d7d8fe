"""AWS::StepFunctions::StateMachine, created in the backend that executes."""

import re
from collections.abc import Mapping
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.utils import cfn_to_api_tags

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9]+)\}")


class SubstitutionError(ValueError):
    """A definition names a substitution that the template does not give, or the reverse."""


def substitute(definition: str, values: Mapping[str, Any]) -> str:
    """Put `DefinitionSubstitutions` into a definition (JSON text)."""
    names = set(_PLACEHOLDER.findall(definition))
    if missing := sorted(names - set(values)):
        raise SubstitutionError(f"no DefinitionSubstitutions for {', '.join(missing)}")
    return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), definition)


def create_state_machine(
    name: str, properties: Mapping[str, Any], account: str, region: str
) -> Any:
    """Create the machine that the resolved `properties` of the template describe."""
    definition = substitute(
        properties["DefinitionString"], properties.get("DefinitionSubstitutions", {})
    )
    tracing = properties.get("TracingConfiguration", {}).get("Enabled", False)
    return stepfunctions_parser_backends[account][region].create_state_machine(
        name=properties.get("StateMachineName", name),
        definition=definition,
        roleArn=properties["RoleArn"],
        tags=cfn_to_api_tags(properties.get("Tags", [])),
        loggingConfiguration=_camel(properties.get("LoggingConfiguration")),
        tracingConfiguration={"enabled": tracing},
        sm_type=properties.get("StateMachineType", "STANDARD"),
    )


def _camel(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _camel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_camel(item) for item in value]
    return value
