"""Where things lie: names of runs and jobs, prefixes in the two buckets."""

import hashlib
import re

from thriftline.core.dataclass import dataclass

SCRATCH = "scratch/"
_JOB_NAME = re.compile(r"(?P<run_id>[a-z0-9-]{1,60})-\d{2,}")


@dataclass(frozen=True)
class Upload:
    """One version of one object in the data bucket, as the S3 event names it.

    ``requester`` is who asked for the run by the API, else the account that S3 names; empty where
    nobody is named.
    """

    bucket: str
    key: str
    version_id: str
    etag: str = ""
    size: int = 0
    requester: str = ""


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


def run_of_job(job_name: str) -> str | None:
    """Returns the run whose attempt has this name, None where the name is not of that form."""
    found = _JOB_NAME.fullmatch(job_name)
    return found["run_id"] if found else None


def run_prefix(run_id: str) -> str:
    """What is kept of a run: its documents and reports."""
    return f"runs/{run_id}/"


def scratch_prefix(run_id: str) -> str:
    """What only the run itself needs; Clean up removes it, but for splits that are to be kept."""
    return f"{SCRATCH}{run_id}/"


def splits_prefix(run_id: str) -> str:
    """The canonical shards of all splits."""
    return f"{scratch_prefix(run_id)}splits/"


def split_prefix(run_id: str, split: str) -> str:
    """The canonical shards of one split, an input of the training."""
    return f"{splits_prefix(run_id)}{split}/"


def preparation_name(run_id: str, attempt: int) -> str:
    """Each attempt at a preparation has a name of its own, which no training job can have."""
    return f"{run_id}-prep{attempt:02d}"


def preparation_prefix(run_id: str) -> str:
    """The program of a preparation, and the configuration of each attempt."""
    return f"{scratch_prefix(run_id)}preparation/"


def prepared_prefix(run_id: str, attempt: int) -> str:
    """What an attempt at a preparation writes: the prepared data set, its manifest last."""
    return f"{scratch_prefix(run_id)}prepared/attempt-{attempt:02d}/"


def preparation_logs_prefix(run_id: str, attempt: int) -> str:
    """Where the service of a preparation may put its logs."""
    return f"{run_prefix(run_id)}preparation-logs/attempt-{attempt:02d}/"


def progress_prefix(run_id: str) -> str:
    """Shared by all attempts of a run, so that the next one goes on where the last one ended."""
    return f"checkpoints/{run_id}/"


def output_prefix(run_id: str) -> str:
    """What the attempts of a run leave; each has a folder of its name."""
    return f"training/{run_id}/"
