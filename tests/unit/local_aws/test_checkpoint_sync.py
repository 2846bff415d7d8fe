"""Copies of checkpoints while a program runs, where the copy fails."""

import logging
import threading
from pathlib import Path

import pytest

from local_aws.training.storage import CheckpointSync, DataError, JobStorage


class BusyStorage(JobStorage):
    """Takes a file at the second try."""

    def __init__(self) -> None:
        super().__init__(None)
        self.tries = 0
        self.taken = threading.Event()

    def upload(self, file: Path, uri: str, kms_key: str | None = None) -> None:
        self.tries += 1
        if self.tries == 1:
            raise DataError(f"{uri}: a timeout")
        self.taken.set()


def test_a_copy_that_fails_is_tried_again_and_warns_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = BusyStorage()
    sync = CheckpointSync(storage, tmp_path, "s3://bucket/checkpoints", every_seconds=0.01)
    with caplog.at_level(logging.INFO):
        sync.start()
        (tmp_path / "step-5").write_text("weights")
        assert storage.taken.wait(20)
        sync.stop(final=True)

    assert storage.tries == 2
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_last_copy_that_fails_is_an_error(tmp_path: Path) -> None:
    sync = CheckpointSync(BusyStorage(), tmp_path, "s3://bucket/checkpoints", every_seconds=60)
    sync.start()
    (tmp_path / "step-5").write_text("weights")

    with pytest.raises(DataError, match="a timeout"):
        sync.stop(final=True)
