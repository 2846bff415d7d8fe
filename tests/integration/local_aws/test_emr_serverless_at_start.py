"""EMR Serverless where it cannot run programs, and what a server leaves when it ends."""

import time
from pathlib import Path

from local_aws.preparation.options import PreparationOptions
from tests.integration.local_aws.spark_runs import PROGRAM, refused, spark


def test_without_spark_a_run_is_refused_with_what_makes_it(tmp_path: Path) -> None:
    with spark(PreparationOptions(python=tmp_path / "python")) as bare:
        code, message = refused(bare.emr.start_job_run, **bare.request())

    assert code == "ValidationException"
    assert "make setup-preparation" in message


def test_without_the_option_a_run_is_not_pretended() -> None:
    with spark(None) as bare:
        assert refused(bare.emr.start_job_run, **bare.request())[0] == "NotImplementedByLocalAws"


def test_a_program_dies_with_the_server_and_leaves_no_folder() -> None:
    with spark(PreparationOptions(program=PROGRAM)) as running:
        run = running.start("wait")
        running.reach(run, "RUNNING")
        config = running.config()[0]
        other = running.start("wait", config=config)
        running.reach(other, "RUNNING")
        assert running.aws.programs is not None
        scratch = running.aws.programs.scratch

    assert not scratch.exists()
    deadline = time.monotonic() + 60
    while _waiting(config):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _waiting(config: str) -> list[Path]:
    """Processes that were started with this configuration."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if config.encode() in (folder / "cmdline").read_bytes():
                found.append(folder)
        except OSError:
            continue
    return found
