"""Tags of SageMaker's resources; those of training jobs and of the registry are kept with them."""

from local_aws.http.own_calls import AwsError, LeftToMotoError, Operation, Request
from local_aws.services.pages import page_of
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import Properties, SageMakerStore

_PAGE = 50
_MOST = 50
_OF_MOTO = ("model-package", "model-package-group", "training-job")


class SageMakerTags:
    """ListTags, AddTags and DeleteTags."""

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {"AddTags": self._add, "DeleteTags": self._delete, "ListTags": self._list}

    def _find(self, request: Request) -> dict[str, str]:
        arn = request["ResourceArn"]
        kind = arn.rpartition("/")[0].split(":")[-1].split("/")[0]
        if kind in _OF_MOTO:
            raise LeftToMotoError
        store = self._stores.of(request)
        store.settle(request.now)
        # Names are written as they were given in ARNs of some clients, in lower case in others.
        for known in (arn, arn.lower()):
            if known in store.tags:
                return store.tags[known]
        raise AwsError("ValidationException", f"Resource {arn} does not exist.")

    def _list(self, request: Request) -> Properties:
        tags = [{"Key": key, "Value": value} for key, value in self._find(request).items()]
        page, token = page_of(tags, request.get("NextToken"), request.get("MaxResults", _PAGE))
        return {"Tags": page} | ({"NextToken": token} if token else {})

    def _add(self, request: Request) -> Properties:
        tags = self._find(request)
        new = tags | {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        if any(tag["Key"].lower().startswith("aws:") for tag in request["Tags"]):
            raise AwsError("ValidationException", "Tag keys that start with aws: are reserved.")
        if len(new) > _MOST:
            raise AwsError("ResourceLimitExceeded", f"A resource has at most {_MOST} tags.")
        tags |= new
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _delete(self, request: Request) -> None:
        tags = self._find(request)
        for key in request["TagKeys"]:
            tags.pop(key, None)
