"""What the documents show about audits and restores is typed, word for word."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.documents.documented import Command, Desk, distinct, looks_bad, wrong
from tests.integration.documents.stand_ins import of_audits
from tests.integration.documents.world import Audited, audited_account

# tests/integration/audit_workflow/ and tests/unit/cli/ have shorter ones.
pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def world() -> Iterator[Audited]:
    with audited_account() as aws:
        yield Audited(aws)


@pytest.mark.parametrize("command", distinct(is_of_audits=True), ids=lambda one: one.name)
def test_a_command_does_what_its_page_says(
    command: Command, world: Audited, tmp_path: Path
) -> None:
    prepared = of_audits(world, command.page, command.words)
    assert wrong(command, prepared, Desk(world.aws, tmp_path)) is None


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("audit findings", ("RESOURCE", "RULE", "endpoint.failed", "SEVERITY")),
        ("audit accept --list", ("FINDING", "UNTIL")),
    ],
)
def test_a_terminal_of_80_columns_shows_the_answer_whole(
    line: str, held: tuple[str, ...], world: Audited, tmp_path: Path
) -> None:
    done = Desk(world.aws, tmp_path).run(["thriftline", *line.split()], shows=True)
    assert done.code == 0, done.out
    assert looks_bad(done) == []
    assert [one for one in held if one not in done.out] == []
