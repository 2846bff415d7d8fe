"""Executions share the tree of their definition, and nothing that runs."""

import json
from collections.abc import Iterator

import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import (
    AmazonStateLanguageParser,
    ASLParserException,
)

from local_aws.hooks import Hooks
from local_aws.stepfunctions import definitions

MACHINE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


@pytest.fixture(autouse=True)
def hooks() -> Iterator[Hooks]:
    made = Hooks()
    definitions.install(made)
    yield made
    made.undo()


def test_a_definition_is_parsed_once_and_each_execution_has_its_own_program() -> None:
    (one, tree), (other, same) = (AmazonStateLanguageParser.parse(MACHINE) for _ in range(2))

    assert tree is same
    assert one is not other
    assert one.states is not other.states


def test_a_changed_definition_is_parsed_anew() -> None:
    renamed = MACHINE.replace("Done", "Ready")

    program, _ = AmazonStateLanguageParser.parse(renamed)

    assert program.start_at.start_at_name == "Ready"


def test_a_wrong_definition_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ASLParserException):
            AmazonStateLanguageParser.parse(MACHINE[:-1])
