"""PutBucketTagging: AWS's own tags of a bucket are sent back as they are, or it is refused."""

from moto.s3.models import s3_backends

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.s3_lifecycle import find_bucket

_SYSTEM = "aws:"


def operations() -> dict[str, Operation]:
    """Return the calls by name."""
    return {"PutBucketTagging": _put}


def _put(request: Request) -> None:
    bucket = find_bucket(request)
    tagger = s3_backends[request.account]["aws"].tagger
    listed = request["Tagging"]["TagSet"]
    tags = {tag["Key"]: tag["Value"] for tag in listed}
    if len(tags) < len(listed):
        raise AwsError("InvalidTag", "Cannot provide multiple Tags with the same key")
    there = _system(tagger.get_tag_dict_for_resource(bucket.arn))
    if there.keys() - tags.keys():
        raise AwsError("InvalidTag", "System tags cannot be removed by requester")
    if _system(tags) != there:
        raise AwsError("InvalidTag", "System tags cannot be added/updated by requester")
    tagger.delete_all_tags_for_resource(bucket.arn)
    tagger.tag_resource(bucket.arn, listed)


def _system(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key.lower().startswith(_SYSTEM)}
