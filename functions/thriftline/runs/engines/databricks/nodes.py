"""EC2's node types as Databricks names them: their processors, and whether they bring disks."""

import re

from thriftline.money.instances import hardware_of

_SIZE = re.compile(r"(?P<times>\d*)xlarge")
# Families with disks of their own; a "d" behind the generation says the same of the rest.
_STORAGE_FAMILIES = re.compile(r"(i\d|im\d|is\d|d\d|h1|x1|x1e|f1|z1d|(md|rd|cd|rgd|i)-fleet).*")
_D_FAMILY = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*")


def vcpus_of(node_type: str) -> int | None:
    """Returns the virtual processors of a node, None when neither list nor name tells.

    The sizes of EC2 say it: large is 2, xlarge 4, 2xlarge 8. Fleet types have the same sizes.
    """
    found = hardware_of(f"ml.{node_type}")
    if found is not None:
        return found.vcpus
    size = node_type.rpartition(".")[2]
    if size == "large":
        return 2
    name = _SIZE.fullmatch(size)
    return 4 * int(name["times"] or 1) if name else None


def has_local_disks(node_type: str) -> bool:
    """Whether a node brings disks; one without needs a volume of EBS, or it is refused."""
    found = hardware_of(f"ml.{node_type}")
    if found is not None and found.nvme_gb:
        return True
    family = node_type.rpartition(".")[0]
    return bool(_STORAGE_FAMILIES.fullmatch(family) or _D_FAMILY.fullmatch(family))
