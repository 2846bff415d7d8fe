"""What is said once: a note whose receipt was lost is one's own, and is said."""

import boto3

from tests.unit.lost_answers import lose_first_answer
from tests.unit.runs.run_world import run_world
from thriftline.runs.aws.runs_table import RunsTable


def test_a_note_whose_receipt_was_lost_is_the_first_all_the_same() -> None:
    with run_world() as world:
        client = boto3.client("dynamodb", region_name="us-east-1")
        tries = lose_first_answer(client, "PutItem")
        assert RunsTable(client, "runs").is_first("a failure")
        assert len(tries) == 2
        assert not world.runs.is_first("a failure")
