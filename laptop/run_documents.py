"""What a run wrote, left where a person can open it."""

from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import ClientError

from local_aws.server import EmbeddedAws


def leave_documents(
    aws: EmbeddedAws, run_id: str, names: Sequence[str], folder: Path
) -> frozenset[str]:
    """Leave the documents of a run in a folder; return those that it has.

    What another run left there under these names goes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    s3, bucket = aws.client("s3"), aws.outputs["ArtifactsBucketName"]
    kept = set()
    for name in names:
        place = folder / name
        place.unlink(missing_ok=True)
        try:
            s3.download_file(bucket, f"runs/{run_id}/{name}", str(place))
            kept.add(name)
        except ClientError as error:
            # A run that was rejected has no plan.
            if error.response["Error"]["Code"] != "404":
                raise
    return frozenset(kept)
