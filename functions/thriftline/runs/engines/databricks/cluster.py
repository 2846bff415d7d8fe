"""The job cluster of a preparation: what a quote fixes, and how Databricks is asked for it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from thriftline.core.dataclass import dataclass

# A node's volumes for its system, its containers and, in workspaces with a compliance profile,
# its logs: they are there whatever a cluster asks for.
SYSTEM_GIB = 30 + 150 + 75
LEAST_VOLUME_GIB = 100
MOST_VOLUME_GIB = 4096


@dataclass(frozen=True)
class Cluster:
    """A driver and a fixed number of workers: shuffles lose what a node that is let go had.

    ``volume_gib`` is 0 where the nodes' own disks are used. With ``spot`` the workers are Spot
    instances, and on demand where there are none; the driver never is one: its loss ends the run.
    """

    node_type: str
    workers: int
    alternates: tuple[str, ...]
    spark_version: str
    volume_gib: int
    shuffle_partitions: int
    spot: bool
    instance_profile_arn: str | None = None
    policy_id: str | None = None
    packages: tuple[str, ...] = ()

    @property
    def nodes(self) -> int:
        """All nodes, the driver included."""
        return self.workers + 1

    @property
    def disk_gib(self) -> int:
        """The GiB of EBS that each node has."""
        return SYSTEM_GIB + self.volume_gib

    def to_terms(self) -> dict[str, Any]:
        """Returns what a quote's terms say of it."""
        lists = {"alternates": list(self.alternates), "packages": list(self.packages)}
        return {**asdict(self), **lists}

    @classmethod
    def of_terms(cls, terms: Mapping[str, Any]) -> "Cluster":
        """Reads what ``to_terms`` wrote."""
        tuples = {name: tuple(terms[name]) for name in ("alternates", "packages")}
        return cls(**{**terms, **tuples})

    def libraries(self) -> list[dict[str, Any]]:
        """Returns what the task asks the cluster to install."""
        return [{"pypi": {"package": one}} for one in self.packages]

    def request(self, principal: str, tags: Mapping[str, str]) -> dict[str, Any]:
        """Returns ``new_cluster`` of a run. The one user of the cluster is who asks for it."""
        return {
            "spark_version": self.spark_version,
            "node_type_id": self.node_type,
            "driver_node_type_id": self.node_type,
            "num_workers": self.workers,
            "runtime_engine": "STANDARD",
            "data_security_mode": "SINGLE_USER",
            "single_user_name": principal,
            # Volumes that come while the cluster runs would be in no quote.
            "enable_elastic_disk": False,
            "aws_attributes": self._aws_attributes(),
            "spark_conf": {"spark.sql.shuffle.partitions": str(self.shuffle_partitions)},
            "custom_tags": dict(tags),
            **self._alternates(),
            **({"policy_id": self.policy_id} if self.policy_id else {}),
        }

    def _aws_attributes(self) -> dict[str, Any]:
        attributes: dict[str, Any] = {
            "availability": "SPOT_WITH_FALLBACK" if self.spot else "ON_DEMAND",
            "first_on_demand": 1,
            "zone_id": "auto",
        }
        if self.volume_gib:
            attributes |= {
                "ebs_volume_type": "GENERAL_PURPOSE_SSD",
                "ebs_volume_count": 1,
                "ebs_volume_size": self.volume_gib,
            }
        if self.instance_profile_arn:
            attributes["instance_profile_arn"] = self.instance_profile_arn
        return attributes

    def _alternates(self) -> dict[str, Any]:
        if not self.alternates:
            return {}
        return {"worker_node_type_flexibility": {"alternate_node_type_ids": list(self.alternates)}}
