"""The baseline that a fine-tuned model has to beat: TF-IDF and logistic regression."""

import json
from collections.abc import Iterator
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline

NAME = "TF-IDF + logistic regression"


def _rows(s3: Any, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
            for line in body.splitlines():
                record = json.loads(line)
                yield record["text"], record["label"]


def write_baseline(s3: Any, bucket: str, run_id: str) -> None:
    """Fit the baseline on the run's own train split and write `runs/{run_id}/baseline.json`.

    It sees exactly the rows that the candidate sees, and is scored on the same test split; the
    splits are there while the training job runs, and Publish result shows what lies there.
    """
    train = list(_rows(s3, bucket, f"scratch/{run_id}/splits/train/"))
    test = list(_rows(s3, bucket, f"scratch/{run_id}/splits/test/"))
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)), LogisticRegression(max_iter=1000)
    )
    model.fit([text for text, _ in train], [label for _, label in train])
    predicted = model.predict([text for text, _ in test])
    expected = [label for _, label in test]
    document = {
        "name": NAME,
        "accuracy": float(accuracy_score(expected, predicted)),
        "macro_f1": float(f1_score(expected, predicted, average="macro")),
        "note": f"word 1- and 2-grams, fitted on the same {len(train):,} training records",
    }
    s3.put_object(
        Bucket=bucket,
        Key=f"runs/{run_id}/baseline.json",
        Body=json.dumps(document).encode(),
        ContentType="application/json",
    )
