"""Deploys a translated template through moto's CloudFormation, and mends what that leaves out."""

import json
import logging
import random
import string
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from moto.cloudformation import cloudformation_backends, parsing
from moto.cloudformation.models import Stack
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from local_aws.clients import Clients
from local_aws.deployment.repairs import REPAIRS
from local_aws.deployment.resources import CREATORS, Creator, Made
from local_aws.deployment.state_machine_resource import create_state_machine
from local_aws.deployment.template import Template
from local_aws.functions.layers import Layer
from local_aws.hooks import Hooks
from local_aws.process_variables import refused_variables

LOG = logging.getLogger(__name__)

_STATE_MACHINE = "AWS::StepFunctions::StateMachine"
_FUNCTION = "AWS::Lambda::Function"
_LAYER = "AWS::Lambda::LayerVersion"

# Created, but nothing ever happens to them here.
INERT = {
    "AWS::CloudWatch::Dashboard": "dashboards are stored, never drawn",
}

# A function's name, where its code lies, its properties and its layers.
OnFunction = Callable[[str, Path, Mapping[str, Any], Sequence[Layer]], None]


class DeploymentError(RuntimeError):
    """The stack could not be created."""


class LocalResource:
    """A resource that stands in a stack without a model of moto's behind it."""

    def __init__(self, physical_id: str, attributes: Mapping[str, str] | None = None) -> None:
        self.physical_resource_id = physical_id
        self._attributes = attributes or {}
        self.cf_resource_type = ""
        self.logical_resource_id = ""

    @property
    def type(self) -> str:
        """The type, as moto's stack lists read it."""
        return self.cf_resource_type

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether `Fn::GetAtt` is accepted: always."""
        return bool(attr)

    def get_cfn_attribute(self, attribute: str) -> str:
        """Return an attribute, or a text that says that there is none."""
        return self._attributes.get(attribute, f"{self.physical_resource_id}.{attribute}")

    def is_created(self) -> bool:
        """Whether the stack may go on."""
        return True


class Deployment:
    """Creates one stack; `creators` are further resources that are made here."""

    def __init__(
        self,
        clients: Clients,
        account: str,
        region: str,
        on_function: OnFunction,
        creators: Mapping[str, Creator],
    ) -> None:
        self._creators = {**CREATORS, **creators}
        self._clients = clients
        self._account = account
        self._region = region
        self._on_function = on_function
        self._template = Template({}, {}, {})
        self._layers: dict[str, Layer] = {}
        self.not_done: list[str] = []

    def install(self, hooks: Hooks) -> None:
        """Let moto's stacks create resources here."""
        create = parsing.parse_and_create_resource
        class_of = parsing.resource_class_from_type
        clean = parsing.clean_json

        def create_resource(
            logical_id: str,
            resource: dict[str, Any],
            resources: Any,
            account_id: str,
            region_name: str,
        ) -> Any:
            condition = resource.get("Condition")
            if condition and not resources.lazy_condition_map[condition]:
                return None
            if self._is_own(resource["Type"]):
                return self._create(logical_id, resource, resources)
            made = create(logical_id, resource, resources, account_id, region_name)
            if resource["Type"] == _LAYER:
                # moto gives it none, and a reference to it would be the object itself.
                made.physical_resource_id = made.arn
            self._finish(logical_id, made, resource, resources)
            return made

        def resource_class(kind: str) -> Any:
            return LocalResource if self._is_own(kind) else class_of(kind)

        def clean_json(value: Any, resources: Any) -> Any:
            cleaned = clean(value, resources)
            if isinstance(value, list):
                return [item for item in cleaned if item is not None]
            return cleaned

        hooks.replace(parsing, "parse_and_create_resource", create_resource)
        hooks.replace(parsing, "resource_class_from_type", resource_class)
        hooks.replace(parsing, "clean_json", clean_json)
        hooks.replace(parsing, "random_suffix", _endings_of_names())
        _read_json(hooks)

    def _is_own(self, kind: str) -> bool:
        known = kind in parsing.get_model_map() or kind in parsing.NULL_MODELS
        return kind == _STATE_MACHINE or kind in self._creators or not known

    def _create(self, logical_id: str, resource: Mapping[str, Any], resources: Any) -> Any:
        kind = resource["Type"]
        properties = parsing.clean_json(resource.get("Properties", {}), resources)
        name = parsing.generate_resource_name(kind, resources["AWS::StackName"], logical_id)
        made: Any
        if kind == _STATE_MACHINE:
            made = create_state_machine(name[:80], properties, self._account, self._region)
        elif kind in self._creators:
            done = self._creators[kind](self._clients, name, properties)
            done = Made(done) if isinstance(done, str) else done
            made = LocalResource(done.physical_id, done.attributes)
        else:
            self.not_done.append(f"{logical_id} ({kind})")
            made = LocalResource(f"not-created-locally-{logical_id}")
        made.cf_resource_type = kind
        made.logical_resource_id = logical_id
        return made

    def _finish(
        self, logical_id: str, made: Any, resource: Mapping[str, Any], resources: Any
    ) -> None:
        kind = resource["Type"]
        properties = parsing.clean_json(resource.get("Properties", {}), resources)
        for repair in REPAIRS.get(kind, ()):
            repair(self._clients, made.physical_resource_id, properties)
        if tagger := self._tagger(kind):
            tagger.tag_resource(made.arn, self._system_tags(logical_id, resources))
        if kind == _FUNCTION:
            # A number in the template is a text in the environment.
            variables = made.environment_vars
            _check_variables(made.function_name, variables)
            made.environment_vars = {key: str(value) for key, value in variables.items()}
        if kind == _LAYER and logical_id in self._template.layers:
            self._layers[made.arn] = self._template.layers[logical_id]
        if kind == _FUNCTION and logical_id in self._template.code:
            layers = [self._layers[arn] for arn in properties.get("Layers", ())]
            code = self._template.code[logical_id]
            self._on_function(made.function_name, code, properties, layers)
        if kind == "AWS::Events::Rule" and "ScheduleExpression" in properties:
            self.not_done.append(f"{logical_id} (schedule {properties['ScheduleExpression']})")

    def _tagger(self, kind: str) -> Any:
        """Return moto's keeper of tags for the kinds that tell of which stack they are."""
        if kind == "AWS::S3::Bucket":
            return s3_backends[self._account]["aws"].tagger
        if kind == "AWS::Logs::LogGroup":
            return logs_backends[self._account][self._region].tagger
        return None

    def _system_tags(self, logical_id: str, resources: Any) -> list[dict[str, str]]:
        tags = {
            "aws:cloudformation:logical-id": logical_id,
            "aws:cloudformation:stack-id": resources["AWS::StackId"],
            "aws:cloudformation:stack-name": resources["AWS::StackName"],
        }
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def deploy(self, name: str, template: Template) -> dict[str, str]:
        """Create the stack and return its outputs."""
        self._template = template
        backend = cloudformation_backends[self._account][self._region]
        try:
            stack = backend.create_stack(
                name=name,
                template=json.dumps(template.body),
                parameters=dict(template.parameters),
                tags={},
            )
        except DeploymentError:
            raise
        except Exception as error:
            # moto raises what it happens to meet; a stack that fails ends the start.
            raise DeploymentError(f"the stack {name} failed: {error!r}") from error
        if stack.status != "CREATE_COMPLETE":
            raise DeploymentError(f"the stack {name} ended as {stack.status}")
        self._say_what_is_not_done(template)
        described = self._clients.get("cloudformation").describe_stacks(StackName=name)
        outputs = described["Stacks"][0].get("Outputs", [])
        return {each["OutputKey"]: each["OutputValue"] for each in outputs}

    def _say_what_is_not_done(self, template: Template) -> None:
        if self.not_done:
            # No warning: it is so by design, and README says it.
            LOG.info("not done locally: %s", ", ".join(sorted(self.not_done)))
        kinds = {resource["Type"] for resource in template.body["Resources"].values()}
        for kind in sorted(kinds & set(INERT)):
            LOG.info("%s: %s", kind, INERT[kind])


def _endings_of_names() -> Callable[[], str]:
    """Return what makes names unique: the same endings in the same order at each start.

    So a definition that names resources is the same text again, whose tree is still there.
    """
    chosen = random.Random(0)
    return lambda: "".join(chosen.choices(string.digits + string.ascii_uppercase, k=12))


def _read_json(hooks: Hooks) -> None:
    """Let moto take JSON for what it is: as the YAML that it is too, it takes seconds."""
    parse_yaml = Stack.parse_template

    def parse_template(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return parse_yaml(text)

    hooks.replace(Stack, "parse_template", staticmethod(parse_template))


def _check_variables(function: str, variables: Mapping[str, Any]) -> None:
    if refused := refused_variables(variables):
        raise DeploymentError(
            f"{function} has variables that would make a process of this machine run other code: "
            f"{', '.join(refused)}"
        )
