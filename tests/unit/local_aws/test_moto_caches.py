"""What is remembered of moto is what moto says."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from moto.core.model import ServiceModel
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local_aws import moto_caches
from local_aws.hooks import Hooks


def members(shape: Any, seen: set[str]) -> Iterator[Any]:
    """Yields the members of all structures below a shape, as moto comes by them."""
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    below = {"structure": "members", "list": "member", "map": "value"}.get(shape.type_name)
    if below is None:
        return
    if below != "members":
        yield from members(getattr(shape, below), seen)
        return
    for name, member in shape.members.items():
        member.parent = shape
        yield name, member
        yield from members(member, seen)


def contexts(model: ServiceModel, held: Any) -> Iterator[AttributePickerContext]:
    seen: set[str] = set()
    for operation in model.operation_names:
        for name, shape in members(model.operation_model(operation).output_shape, seen):
            yield AttributePickerContext(held, name, shape, None, model)


class Table:
    class Meta:
        serialization_aliases: ClassVar = {"TableName": "called"}


@pytest.mark.parametrize("service", ["dynamodb", "stepfunctions", "sagemaker", "s3", "lambda"])
def test_the_names_of_a_member_are_those_that_moto_tries(service: str) -> None:
    picker, ask = XFormedAttributePicker(), XFormedAttributePicker.get_possible_keys
    remembered = moto_caches.remember_keys(ask)
    model = get_service_model(service)
    asked = [*contexts(model, {}), *contexts(model, Table()), *contexts(model, {"TableName": 1})]
    assert len(asked) > 60

    for context in asked * 2:
        assert list(remembered(picker, context)) == list(ask(picker, context)), context


def test_a_host_is_the_same_service_the_second_time() -> None:
    hooks = Hooks()
    plain = DomainDispatcherApplication.get_backend_for_host
    moto_caches.install(hooks)
    try:
        application: Any = DomainDispatcherApplication(lambda _service: pytest.fail("not asked"))
        hosts = ["dynamodb", "api.sagemaker.us-east-1.amazonaws.com", "nothing.example", None]
        for host in hosts * 2:
            assert application.get_backend_for_host(host) == plain(application, host)
    finally:
        hooks.undo()
    assert DomainDispatcherApplication.get_backend_for_host is plain
