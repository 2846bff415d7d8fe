"""`thriftline verify --live` against the deployed template: what can be asked here is well."""

from tests.integration.cli.terminal import Terminal
from thriftline_cli.exits import Exit
from thriftline_cli.verifying.requests import WANTED


def test_the_shipped_stack_is_well_as_far_as_the_embedded_aws_answers(terminal: Terminal) -> None:
    # No image was pushed, and no run of the embedded AWS needs one: that alone is not well.
    done = terminal.run("verify", "--live", "--all", "--output", "json", code=Exit.FAILED)
    rows = {(row["check"], row["of"]): row for row in done.answer}

    wrong = [row["of"] for row in done.answer if row["passed"] is False]
    assert wrong == ["training image"]
    # IAM's simulation and Lambda's dry run are answered, of the roles that the template has.
    for wanted in WANTED:
        row = rows["permission", f"{wanted.function}: {wanted.action}"]
        assert row["passed"] is True, row
    assert len([key for key in rows if key[0] == "function"]) > 40
    assert rows["named", "TrainingRole"]["passed"] is True
    # Step Functions' tests are not; that is said, and is no success.
    states = [row for row in done.answer if row["check"] in ("definition", "state")]
    assert {row["passed"] for row in states} == {None}
    assert any("does not answer the call" in row["sentence"] for row in states)
    assert "could not be checked" in done.err
