"""AWS's image with Spark for processing jobs."""

import re

# The account that keeps it, by region.
_ACCOUNTS = {
    "us-east-1": "173754725891",
    "us-east-2": "314815235551",
    "us-west-2": "153931337802",
    "eu-west-1": "571004829621",
    "eu-central-1": "906073651304",
    "ap-northeast-1": "411782140378",
}
_URI = re.compile(r"\d{12}\.dkr\.ecr\..+")


def image_uri(given: str, region: str) -> str | None:
    """Returns the image of a tag of AWS's, or the URI that was given.

    None where it is not known which account keeps AWS's image in the region.
    """
    if _URI.fullmatch(given):
        return given
    account = _ACCOUNTS.get(region)
    if account is None:
        return None
    return f"{account}.dkr.ecr.{region}.amazonaws.com/sagemaker-spark-processing:{given}"
