"""``prepare.databricks`` of the run spec: the cluster of a preparation, and what it costs.

No API of Databricks gives the DBUs of a node type or the dollars of a DBU, so both are told here or
by the stack; where neither says them the engine has no price, and is not taken.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from thriftline.core.section import Section

NodeType = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}\.[a-z0-9-]{1,20}$", max_length=52),
]
Package = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}==[0-9][A-Za-z0-9.+!-]{0,31}$", max_length=100
    ),
]
Rate = Annotated[Decimal, Field(gt=0, le=10_000)]


class AlternateNode(Section):
    """A node type that workers may have where the first one has no capacity."""

    node_type: NodeType = Field(description="Such as m5a.xlarge.")
    dbu_per_hour: Rate | None = Field(None, description="DBUs of such a node in an hour.")
    ec2_usd_per_hour: Rate | None = Field(None, description="EC2's on-demand rate for it.")


class DatabricksSection(Section):
    """The cluster of a preparation on Databricks; the workspace is the stack's own parameter."""

    node_type: NodeType = Field(
        "m5.xlarge", description="Node type of the driver and the workers; no Photon."
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Workers beside the driver, all the time; as many as max_vcpus allows when "
        "absent.",
    )
    alternate_node_types: tuple[AlternateNode, ...] = Field(
        (),
        max_length=10,
        description="What workers may be where node_type has no capacity. The worst case counts "
        "with the most expensive of all.",
    )
    usd_per_dbu: Rate | None = Field(
        None,
        description="Price of a DBU of jobs compute in your contract; the stack's parameter "
        "DatabricksUsdPerDbu wins. Without either the engine is refused.",
    )
    dbu_per_hour: Rate | None = Field(
        None,
        description="DBUs of a node of node_type in an hour; the stack's parameter "
        "DatabricksNodeRates wins. Without either the engine is refused.",
    )
    ec2_usd_per_hour: Rate | None = Field(
        None,
        description="EC2's on-demand rate for node_type in your region; the stack's parameter "
        "DatabricksNodeRates wins. Without either the engine is refused.",
    )
    spark_version: Annotated[
        str, StringConstraints(pattern=r"^1[5-9]\.[0-9]+\.x-scala2\.1[23]$")
    ] = Field("17.3.x-scala2.13", description="Databricks Runtime, 15 or later, without ML or GPU.")
    ebs_volume_gib: int | None = Field(
        None,
        ge=100,
        le=4096,
        description="A volume of each node for what is shuffled and spilled; fitted to the data "
        "when absent, and none for node types with local disks.",
    )
    packages: tuple[Package, ...] = Field(
        (),
        max_length=10,
        description="Packages of PyPI that the cluster installs, such as py3langid==0.4.0 for "
        "filters.languages; the rest is part of the runtime.",
    )
    instance_profile_arn: (
        Annotated[
            str,
            StringConstraints(
                pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:instance-profile/[\w+=,.@/-]+$",
                max_length=512,
            ),
        ]
        | None
    ) = Field(
        None,
        description="Instance profile, registered in the workspace, by which the nodes read and "
        "write S3; without one an external location of Unity Catalog must cover both buckets.",
    )
    policy_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")] | None = Field(
        None, description="Id of the workspace's cluster policy that the cluster must follow."
    )

    @model_validator(mode="after")
    def _names_each_node_type_once(self) -> "DatabricksSection":
        repeated = _repeated(
            [self.node_type, *(one.node_type for one in self.alternate_node_types)]
        )
        if repeated:
            raise ValueError(
                f"alternate_node_types must name other types than node_type, each once; {repeated} "
                "is named twice"
            )
        return self


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
