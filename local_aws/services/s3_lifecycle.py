"""S3's lifecycle configurations, kept whole: moto drops conditions that a merge must not lose."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from moto.s3.models import s3_backends

from local_aws.http.own_calls import AwsError, Operation, Request

_ACTIONS = (
    "AbortIncompleteMultipartUpload",
    "Expiration",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "Transitions",
)
_MAX_RULES = 1000
_SIZE_DEFAULT = "TransitionDefaultMinimumObjectSize"
# What S3 sets where a request does not say comes first.
_SIZE_DEFAULTS = ("all_storage_classes_128K", "varies_by_storage_class")
# Objects have to be this old before they may go to these classes.
_MIN_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}

Rule = Mapping[str, Any]


def find_bucket(request: Request) -> Any:
    """Return moto's bucket.

    Raises:
        AwsError: it does not exist, or belongs to another account.
    """
    name = request["Bucket"]
    found = s3_backends[request.account]["aws"].buckets.get(name)
    if found is not None:
        return found
    if name in s3_backends.bucket_accounts:
        raise AwsError("AccessDenied", "Access Denied", 403)
    raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404)


class S3Lifecycle:
    """The calls about lifecycle configurations; nothing ever carries them out."""

    def __init__(self) -> None:
        self._rules: MutableMapping[Any, list[Rule]] = WeakKeyDictionary()
        self._size_defaults: MutableMapping[Any, str] = WeakKeyDictionary()

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "DeleteBucketLifecycle": self._delete,
            "GetBucketLifecycleConfiguration": self._get,
            "PutBucketLifecycleConfiguration": self._put,
        }

    def _get(self, request: Request) -> dict[str, Any]:
        bucket = find_bucket(request)
        rules = self._rules.get(bucket)
        if not rules:
            raise AwsError(
                "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", 404
            )
        return {"Rules": rules, _SIZE_DEFAULT: self._size_defaults.get(bucket, _SIZE_DEFAULTS[0])}

    def _put(self, request: Request) -> None:
        bucket, size = find_bucket(request), request.get(_SIZE_DEFAULT, _SIZE_DEFAULTS[0])
        if size not in _SIZE_DEFAULTS:
            raise AwsError("InvalidArgument", f"{_SIZE_DEFAULT} is one of {_SIZE_DEFAULTS}.")
        self.set(bucket, request.get("LifecycleConfiguration", {}).get("Rules", []))
        self._size_defaults[bucket] = size

    def set(self, bucket: Any, rules: Sequence[Rule]) -> None:
        """Replace the rules of a bucket of moto's.

        Raises:
            AwsError: S3 would refuse them.
        """
        if not 0 < len(rules) <= _MAX_RULES:
            raise AwsError("MalformedXML", f"A configuration has 1 to {_MAX_RULES} rules.")
        named: list[Rule] = [{"ID": uuid4().hex, **rule} for rule in rules]
        if len({rule["ID"] for rule in named}) < len(named):
            raise _invalid("RuleId must be unique. Found same ID for more than one rule")
        for rule in named:
            _check(rule)
        if any("Filter" in rule for rule in named) and any("Prefix" in rule for rule in named):
            raise _invalid("Filter element can only be used in Lifecycle V2.")
        self._rules[bucket] = named

    def _delete(self, request: Request) -> None:
        bucket = find_bucket(request)
        self._rules.pop(bucket, None)
        self._size_defaults.pop(bucket, None)


def _check(rule: Rule) -> None:
    if ("Filter" in rule) == ("Prefix" in rule):
        raise AwsError("MalformedXML", f"The rule {rule['ID']} needs either Filter or Prefix.")
    if not any(rule.get(action) for action in _ACTIONS):
        raise _invalid(f"At least one action needs to be specified in the rule {rule['ID']}")
    for transition in rule.get("Transitions", ()):
        days, storage = transition.get("Days"), transition.get("StorageClass")
        least = _MIN_DAYS.get(storage, 0)
        if days is not None and days < least:
            raise AwsError(
                "InvalidArgument",
                f"'Days' in Transition action must be greater than or equal to {least} for "
                f"storageClass '{storage}'",
            )
    expiration = rule.get("Expiration", {}).get("Days")
    if expiration is not None and expiration <= 0:
        raise AwsError("InvalidArgument", "'Days' for Expiration action must be a positive integer")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidRequest", message)
