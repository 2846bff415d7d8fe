"""The apps of Studio spaces: they are listed, described and deleted, and run nothing."""

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import Properties, SageMakerStore

_APPS = Listing("Apps", "AppName")
_SUMMARY = ("DomainId", "SpaceName", "AppType", "AppName", "Status", "CreationTime", "ResourceSpec")
_IDENTITY = ("DomainId", "SpaceName", "AppType", "AppName")
_FILTERS = {"DomainIdEquals": "DomainId", "SpaceNameEquals": "SpaceName"}


class SageMakerApps:
    """The calls about apps."""

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {"DeleteApp": self._delete, "DescribeApp": self._find, "ListApps": self._list}

    def _find(self, request: Request) -> Properties:
        for app in self._stores.of(request).apps.values():
            if all(app[member] == request.get(member) for member in _IDENTITY):
                return app
        raise AwsError("ResourceNotFound", f"App [{request['AppName']}] does not exist.")

    def _list(self, request: Request) -> Properties:
        wanted = {member: request.get(name) for name, member in _FILTERS.items()}
        rows = [
            {key: app[key] for key in _SUMMARY if key in app}
            for app in self._stores.of(request).apps.values()
            if all(value in (None, app[member]) for member, value in wanted.items())
        ]
        return _APPS.answer(rows, request)

    def _delete(self, request: Request) -> None:
        # Minutes on AWS, with Deleting in between; at once here.
        app = self._find(request)
        store = self._stores.of(request)
        del store.apps[app["AppArn"]]
        store.tags.pop(app["AppArn"], None)
