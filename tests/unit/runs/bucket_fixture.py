"""What a step is given that must open no bucket beside the stack's own."""

from thriftline.core.aws.buckets import Bucket


def no_bucket(name: str) -> Bucket:
    """Fails: no bucket is expected to be opened."""
    raise AssertionError(f"The bucket {name} was opened.")
