"""Where things lie: names of runs and jobs, prefixes in the two buckets."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Upload:
    """One version of one object in the data bucket, as the S3 event names it."""

    bucket: str
    key: str
    version_id: str
    etag: str = ""
    size: int = 0


def run_id_of(upload: Upload, project: str) -> str:
    """Returns the same id for the same object version, so that a second event is the same run.

    At most 37 characters of ``[a-z0-9-]``: a job name of 63 holds it and the attempt number.
    """
    identity = "\n".join((upload.bucket, upload.key, upload.version_id))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return f"{project.lower()[:20].rstrip('-')}-{digest}"


def job_name_of(run_id: str, attempt: int) -> str:
    """Each attempt has a job of its own; a retry of the same attempt finds the same."""
    return f"{run_id}-{attempt:02d}"


def run_prefix(run_id: str) -> str:
    """What is kept of a run: its documents and reports."""
    return f"runs/{run_id}/"


def scratch_prefix(run_id: str) -> str:
    """What only the run itself needs; Clean up removes it."""
    return f"scratch/{run_id}/"


def split_prefix(run_id: str, split: str) -> str:
    """The canonical shards of one split, an input of the training."""
    return f"{scratch_prefix(run_id)}splits/{split}/"


def progress_prefix(run_id: str) -> str:
    """Shared by all attempts of a run, so that the next one goes on where the last one ended."""
    return f"checkpoints/{run_id}/"


def output_prefix(run_id: str) -> str:
    """What the attempts of a run leave; each has a folder of its name."""
    return f"training/{run_id}/"
