"""Keeps what moto works out anew for each request although it cannot change.

A third of the processor time of the embedded AWS went into three questions: which service a host
name means, for which moto lists its own folder; under which names a result's object may hold a
member of the response; and which services botocore describes, asked again for each of them.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from moto.core import utils as moto_utils
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local_aws.hooks import Hooks

# A client may send any Host; those of AWS's services are a few dozen.
_MOST_HOSTS = 1000

_PossibleKeys = Callable[[XFormedAttributePicker, AttributePickerContext], Iterable[str]]


def install(hooks: Hooks) -> None:
    """Let moto remember its answers to these questions."""
    hooks.replace(moto_utils, "create_loader", cache(moto_utils.create_loader))
    hooks.replace(
        DomainDispatcherApplication,
        "get_backend_for_host",
        _remember_hosts(DomainDispatcherApplication.get_backend_for_host),
    )
    hooks.replace(
        XFormedAttributePicker,
        "get_possible_keys",
        remember_keys(XFormedAttributePicker.get_possible_keys),
    )


def _remember_hosts(ask: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[str | None, Any] = {}

    def get_backend_for_host(self: DomainDispatcherApplication, host: str | None) -> Any:
        if host not in known:
            found = ask(self, host)
            if found is None or len(known) >= _MOST_HOSTS:
                return found
            known[host] = found
        return known[host]

    return get_backend_for_host


def remember_keys(ask: _PossibleKeys) -> _PossibleKeys:
    """Wrap `get_possible_keys`: of plain dictionaries the shape and the key decide alone."""
    known: dict[tuple[object, ...], tuple[str, ...]] = {}

    def get_possible_keys(
        self: XFormedAttributePicker, context: AttributePickerContext
    ) -> Iterable[str]:
        if type(context.obj) is not dict or context.service_model is None:
            return ask(self, context)
        parent = getattr(context.shape, "parent", None)
        asked = (
            context.service_model.service_name,
            parent.name if parent is not None else None,
            context.shape.name,
            context.key,
        )
        keys = known.get(asked)
        if keys is None:
            keys = known[asked] = tuple(ask(self, context))
        return keys

    return get_possible_keys
