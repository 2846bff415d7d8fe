"""JSONata as Step Functions evaluates it.

moto expects a Java virtual machine here and writes the variables into the expression as text.
We evaluate with jsonata-python and bind the variables as values, so that no text has to be
quoted, and add the functions that Step Functions adds.
"""

import hashlib
import json
import math
import random
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jsonata
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from local_aws.hooks import Hooks

_HASHES = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
_MAX_RANGE = 1000


class JsonataError(Exception):
    """An expression failed, gave nothing, or gave something that is no JSON."""


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """Evaluate `expression` with `variables` bound as `$name`; the result is plain JSON."""
    return result_of(parsed(expression), variables)


def parsed(expression: str) -> Any:
    """Parse an expression; what is parsed once can be evaluated often, by one thread at a time."""
    try:
        made = jsonata.Jsonata(expression)
    except Exception as error:
        raise JsonataError(f"threw an error during evaluation. {error}") from error
    made.set_output_convert_nulls(False)
    return made


def result_of(made: Any, variables: Mapping[str, Any]) -> Any:
    """Evaluate what `parsed` gave, with `variables` bound as `$name`; the result is plain JSON."""
    bindings: dict[str, Any] = {
        name: Utils.NULL_VALUE if value is None else value for name, value in variables.items()
    }
    try:
        result = made.evaluate(None, {**_functions(), **bindings})
    except JsonataError:
        raise
    except RecursionError as error:
        raise JsonataError("the expression recurses too deeply") from error
    except Exception as error:
        # jsonata-python raises its own error, but also what its Python functions raise.
        raise JsonataError(f"threw an error during evaluation. {error}") from error
    if result is None:
        raise JsonataError("returned nothing (undefined).")
    return _plain(result)


def _plain(value: Any) -> Any:
    if value is Utils.NULL_VALUE or value is None:
        return None
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item) for item in value]
    raise JsonataError("returned an unsupported result type.")


def _number(value: float) -> int | float:
    if not math.isfinite(value):
        raise JsonataError("returned a number that JSON cannot hold.")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


@cache
def _functions() -> dict[str, Any]:
    table: dict[str, Callable[..., Any]] = {
        "hash": _hash,
        "uuid": lambda *_: str(uuid.uuid4()),
        "parse": _parse,
        "range": _range,
        "partition": _partition,
        "random": _random,
        "eval": _no_eval,
    }
    return {name: jsonata.Jsonata.JLambda(function) for name, function in table.items()}


def _given(*values: Any) -> list[Any]:
    return [value for value in values if value is not None]


def _hash(data: Any = None, algorithm: Any = None, *_: Any) -> Any:
    if data is None:
        return None
    if algorithm not in _HASHES:
        raise JsonataError(f"$hash knows {', '.join(_HASHES)}, not {algorithm!r}.")
    text = data if isinstance(data, str) else json.dumps(_plain(data), separators=(",", ":"))
    return hashlib.new(_HASHES[algorithm], text.encode()).hexdigest()


def _parse(text: Any = None, *_: Any) -> Any:
    if text is None:
        return None
    parsed = json.loads(text)
    return Utils.NULL_VALUE if parsed is None else parsed


def _range(first: Any = None, last: Any = None, step: Any = 1, *_: Any) -> Any:
    if len(_given(first, last, step)) < 3:
        return None
    if step == 0:
        raise JsonataError("$range: the step must not be 0.")
    values = []
    while (step > 0 and first <= last) or (step < 0 and first >= last):
        values.append(first)
        first += step
        if len(values) > _MAX_RANGE:
            raise JsonataError(f"$range: more than {_MAX_RANGE} values.")
    return values


def _partition(array: Any = None, size: Any = None, *_: Any) -> Any:
    if len(_given(array, size)) < 2:
        return None
    if size < 1:
        raise JsonataError("$partition: the size must be at least 1.")
    return [array[start : start + int(size)] for start in range(0, len(array), int(size))]


def _random(seed: Any = None, *_: Any) -> float:
    # JSONata's own $random takes nothing; Step Functions' takes a seed.
    return random.Random(seed).random()


def _no_eval(*_: Any) -> Any:
    raise JsonataError("$eval is not supported; use $parse for JSON text.")


def install(hooks: Hooks) -> None:
    """Let moto's JSONata strings, and its `$variables` in JSONPath, evaluate here."""
    hooks.replace(string_expression.StringJSONata, "_eval_body", _eval_jsonata)
    hooks.replace(string_expression.StringVariableSample, "_eval_body", _eval_sample)


def _eval_jsonata(self: Any, env: Any) -> None:
    try:
        variables = {**_stored(env), "states": states_data(env)}
        env.stack.append(evaluate(self.expression, variables))
    except JsonataError as error:
        raise _query_evaluation_error(env, self.expression, error) from error


def _eval_sample(self: Any, env: Any) -> None:
    variables = _stored(env)
    if self.query_language_mode == QueryLanguageMode.JSONata:
        variables["states"] = states_data(env)
    try:
        env.stack.append(evaluate(self.expression, variables))
    except JsonataError as error:
        raise _query_evaluation_error(env, self.expression, error) from error


def _stored(env: Any) -> dict[str, Any]:
    store = env.variable_store
    return {**store._outer_scope, **store._inner_scope}


def states_data(env: Any) -> dict[str, Any]:
    """Return what `$states` holds: input, context, and result or errorOutput."""
    return dict(env.states._states_data)


def _query_evaluation_error(
    env: Any, expression: str, error: JsonataError
) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    field = f" specified for the field '{env.next_field_name}'" if env.next_field_name else ""
    details = EventDetails(
        evaluationFailedEventDetails=EvaluationFailedEventDetails(
            cause=f"The JSONata expression '{expression}'{field} {error}", error=name.error_name
        )
    )
    event_type = HistoryEventType.EvaluationFailed
    env.event_manager.add_event(
        context=env.event_history_context, event_type=event_type, event_details=details
    )
    failure = FailureEvent(env=env, error_name=name, event_type=event_type, event_details=details)
    return FailureEventException(failure_event=failure)
