"""What a job that completes leaves in its bucket: model, metrics, predictions."""

import json
import random
from functools import lru_cache
from typing import Any

from tests.unit.evaluation.job_outputs import HISTORY, archive, metrics, parquet
from tests.virtual_time.buckets import MemoryS3
from tests.virtual_time.training_jobs import Job


def finish(job: Job, s3: MemoryS3, chance: random.Random) -> None:
    """Writes the model and the output of a job; its predictions are good, fair or bad by chance."""
    bucket, _, prefix = (
        job.request["OutputDataConfig"]["S3OutputPath"].removeprefix("s3://").partition("/")
    )
    splits = {one["ChannelName"]: one for one in job.request["InputDataConfig"]}
    uri = splits["test"]["DataSource"]["S3DataSource"]["S3Uri"]
    test = uri.removeprefix(f"s3://{bucket}/")
    rows = b"".join(s3.body(bucket, key) or b"" for key in s3.keys(bucket, test))
    share_wrong = chance.choice((0, 0, 10, 25, 60))
    folder = f"{prefix.rstrip('/')}/{job.name}/output/"
    s3.put_object(Bucket=bucket, Key=f"{folder}model.tar.gz", Body=b"a model")
    body = _output(rows, share_wrong, "champion" in splits)
    s3.put_object(Bucket=bucket, Key=f"{folder}output.tar.gz", Body=body)


@lru_cache(maxsize=500)
def _output(lines: bytes, percent_wrong: int, has_champion: bool) -> bytes:
    records: list[dict[str, Any]] = [json.loads(line) for line in lines.splitlines()]
    labels = sorted({one["label"] for one in records})
    rows = []
    for number, one in enumerate(records):
        wrong = number * 100 < percent_wrong * len(records)
        other = next(label for label in labels if label != one["label"])
        said = other if wrong else one["label"]
        row = {
            "id": one["id"],
            "label": one["label"],
            "candidate_label": said,
            "candidate_probabilities": [0.9 if said == label else 0.1 for label in labels],
        }
        if has_champion:
            row["champion_label"] = one["label"] if number % 5 else other
            row["champion_probabilities"] = [
                0.8 if row["champion_label"] == label else 0.2 for label in labels
            ]
        rows.append(row)
    right = sum(one["label"] == one["candidate_label"] for one in rows) / len(rows)
    told = metrics(right, champion=has_champion, labels=labels)
    if has_champion:
        share = sum(one["label"] == one["champion_label"] for one in rows) / len(rows)
        told["champion_labels"] = labels
        told["test"]["champion"] = {"accuracy": share, "macro_f1": share, "loss": 0.4}
    return archive(
        metrics=json.dumps(told).encode(), predictions=parquet(rows), history=HISTORY.encode()
    )
