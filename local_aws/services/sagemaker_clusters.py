"""HyperPod clusters of an account file: listed, described and deleted, never made."""

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import Properties, SageMakerStore

_CLUSTERS = Listing("ClusterSummaries", "ClusterName")
_SUMMARY = ("ClusterArn", "ClusterName", "ClusterStatus", "CreationTime")


class SageMakerClusters:
    """The calls about clusters."""

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "DeleteCluster": self._delete,
            "DescribeCluster": self._describe,
            "ListClusters": self._list,
        }

    def _describe(self, request: Request) -> Properties:
        wanted = request["ClusterName"]
        for name, cluster in self._stores.of(request).clusters.items():
            if wanted in (name, cluster["ClusterArn"]):
                return cluster
        raise AwsError("ResourceNotFound", f"Cluster with name {wanted} does not exist.")

    def _delete(self, request: Request) -> Properties:
        # Minutes on AWS, with Deleting in between; at once here.
        cluster = self._describe(request)
        store = self._stores.of(request)
        del store.clusters[cluster["ClusterName"]]
        store.tags.pop(cluster["ClusterArn"], None)
        return {"ClusterArn": cluster["ClusterArn"]}

    def _list(self, request: Request) -> Properties:
        rows = [
            {key: cluster[key] for key in _SUMMARY}
            for cluster in self._stores.of(request).clusters.values()
        ]
        return _CLUSTERS.answer(rows, request)
