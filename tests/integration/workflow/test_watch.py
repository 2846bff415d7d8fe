"""What `make serve` says of uploads while they run."""

import time

from laptop.watch import ExecutionReporter, upload_name
from tests.integration.workflow.world import World, csv_of


def test_runs_are_told_by_project_and_file_with_their_end_and_report(
    world: World, project: str
) -> None:
    good = world.upload(f"{project}/good.csv", csv_of(600))
    bad = world.upload(f"{project}-bad/bad.csv", "text,label\na film,\n")
    said: list[str] = []
    watch = ExecutionReporter(world.aws, said.append)
    ended = [world.end_of(good), world.end_of(bad)]
    for _ in range(20):
        watch.look()

    assert ended[0].result is not None
    mine = [line for line in said if line.startswith(f"{project}/good.csv  ")]
    assert mine[0] == f"{project}/good.csv  Open run"
    assert any("Wait for the rest of the upload" in line for line in mine)
    assert any(line.endswith("-01: Completed") for line in mine), mine
    assert any("ended as succeeded" in line for line in mine)
    assert len(mine) == len(set(mine))
    run_id = ended[0].result["run_id"]
    assert mine[-1].endswith(f"report: thriftline runs get {run_id} --save {run_id}")
    assert world.keys(f"runs/{run_id}/report.html")
    rejected = f"{project}-bad/bad.csv  ended as rejected"
    assert any(line.startswith(rejected) for line in said), said


def test_a_file_that_no_run_is_for_is_told_with_what_it_missed(world: World, project: str) -> None:
    world.upload(f"{project}/notes.xlsx", "not a data set")
    said: list[str] = []
    watch = ExecutionReporter(world.aws, said.append)
    name = f"{project}/notes.xlsx  "
    deadline = time.monotonic() + 60
    while not any(line.startswith(name) for line in said) and time.monotonic() < deadline:
        watch.look()
        time.sleep(0.5)
    watch.look()

    mine = [line for line in said if line.startswith(name)]
    assert len(mine) == 1, said
    assert mine[0].startswith(f"{name}no run: ")


def test_a_key_is_shown_in_characters_that_a_terminal_may_have() -> None:
    detail = {"object": {"key": "datasets/a/\x1b[31mred\u202e%0Aline.csv"}}

    assert upload_name(detail) == "a/?[31mred??line.csv"
    assert upload_name({}) == "an execution by hand"
