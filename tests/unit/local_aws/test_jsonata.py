import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.jsonata import JsonataError, evaluate
from local_aws.stepfunctions.literals import unescape

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(json_values)
def test_a_variable_gives_back_its_value(value: Any) -> None:
    assert evaluate("$value", {"value": value}) == value
    assert evaluate('{"in": $states.input}', {"states": {"input": value}}) == {"in": value}


@given(st.text())
def test_a_text_of_a_definition_means_what_json_says(text: str) -> None:
    assert unescape(json.dumps(text)[1:-1]) == text
    assert unescape(json.dumps(text, ensure_ascii=False)[1:-1]) == text


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("$attempt + 1", 2),
        ("10 / 4", 2.5),
        ("10 / 2", 5),
        ("$sum([1, 2])", 3),
        ("$exists($nothing)", False),
        ("$null = null", True),
        ('$name & " says \\"hi\\""', 'A "B" says "hi"'),
        ("[0..$attempt]", [0, 1]),
        ("$range(0, 3, 1)", [0, 1, 2, 3]),
        ("$range(3, 0, -1)", [3, 2, 1, 0]),
        ("$range(1, 0, 1)", []),
        ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
        ("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("$parse('null')", None),
        ("$parse('{\"a\": [1]}').a", [1]),
        ("$count($list[n > 1])", 1),
        ("$random(3) = $random(3)", True),
        ("$uuid() = $uuid()", False),
        ("$merge([$object, {'b': 2}])", {"a": None, "b": 2}),
    ],
)
def test_an_expression_has_the_value_that_step_functions_gives(
    expression: str, result: Any
) -> None:
    variables = {
        "attempt": 1,
        "null": None,
        "name": 'A "B"',
        "list": [{"n": 1}, {"n": 2}],
        "object": {"a": None},
    }

    assert evaluate(expression, variables) == result


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("$gone", "returned nothing"),
        ("$states.input.gone", "returned nothing"),
        ("1 +", "threw an error"),
        ("'a' + 1", "threw an error"),
        ("$sum", "unsupported result type"),
        ("1 / 0", "error|number"),
        ("$hash('a', 'CRC32')", "SHA-256"),
        ("$range(0, 10000, 1)", "more than"),
        ("$range(0, 1, 0)", "step"),
        ("$partition([1], 0)", "size"),
        ("$parse('{')", "threw an error"),
        ("$eval('1')", "not supported"),
        ("($f := function($n) { $f($n) + 1 }; $f(1))", "deep|error"),
    ],
)
def test_an_expression_that_fails_says_why(expression: str, message: str) -> None:
    with pytest.raises(JsonataError, match=message):
        evaluate(expression, {"states": {"input": {}}})
