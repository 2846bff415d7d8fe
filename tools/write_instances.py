"""Writes `functions/thriftline/data/instances.json`: what EC2 says of SageMaker's instance types.

The figures are those of EC2's DescribeInstanceTypes as moto ships them; the types are those that
SageMaker trains on or hosts on by botocore's model. Run it when either of the two pins changes:
`make docs`, or `.venv/bin/python tools/write_instances.py`.
"""

import gzip
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import moto
from botocore.session import get_session

TARGET = Path(__file__).parents[1] / "functions/thriftline/data/instances.json"
_EC2 = Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz"
_SHAPES = ("TrainingInstanceType", "ProductionVariantInstanceType")
# EC2's list as moto ships it has left these out. AWS, "Amazon EC2 P3 instances": no volume of their
# own; the network's figure is that of a burst, so it is not known.
_P3 = {
    "p3.2xlarge": (8, 62_464, 1),
    "p3.8xlarge": (32, 249_856, 4),
    "p3.16xlarge": (64, 499_712, 8),
}


def _from_ec2(described: dict[str, Any]) -> dict[str, Any]:
    gpus = described.get("GpuInfo", {}).get("Gpus", [])
    # A part of a GPU (g6f) is not one to train on.
    whole = [gpu for gpu in gpus if gpu["Count"]]
    row = {
        "vcpus": described["VCpuInfo"]["DefaultVCpus"],
        "memory_mib": described["MemoryInfo"]["SizeInMiB"],
        "nvme_gb": described.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0),
        "network_gbit": _network_gbit(described["NetworkInfo"]),
    }
    if whole:
        row |= {
            "gpu": whole[0]["Name"],
            "gpus": whole[0]["Count"],
            "gpu_memory_mib": whole[0]["MemoryInfo"]["SizeInMiB"],
        }
    return row


def _network_gbit(network: dict[str, Any]) -> float:
    """The sum over the cards is too high for some types, so a plain total goes first."""
    total = re.fullmatch(r"(\d+) Gigabit", network["NetworkPerformance"])
    if total:
        return float(total[1])
    cards: list[float] = [card["BaselineBandwidthInGbps"] for card in network["NetworkCards"]]
    return round(sum(cards), 3)


def _of_p3(vcpus: int, memory_mib: int, gpus: int) -> dict[str, Any]:
    return {
        "vcpus": vcpus,
        "memory_mib": memory_mib,
        "nvme_gb": 0,
        "network_gbit": None,
        "gpu": "V100",
        "gpus": gpus,
        "gpu_memory_mib": 16_384,
    }


def document() -> str:
    """Returns the file's text, a line for each type."""
    model: Any = get_session().get_service_model("sagemaker")
    names = {name for shape in _SHAPES for name in model.shape_for(shape).enum}
    described = json.loads(gzip.decompress(_EC2.read_bytes()))
    rows = {
        f"ml.{name}": _from_ec2(facts) for name, facts in described.items() if f"ml.{name}" in names
    }
    rows |= {f"ml.{name}": _of_p3(*facts) for name, facts in _P3.items()}
    source = (
        f"EC2 DescribeInstanceTypes as moto {version('moto')} ships it; p3: AWS's page of P3 "
        "instances"
    )
    lines = [f'  "{name}": {json.dumps(rows[name])}' for name in sorted(rows)]
    types = ",\n".join(lines)
    return f'{{\n "source": {json.dumps(source)},\n "types": {{\n{types}\n }}\n}}\n'


def main() -> None:
    """Writes the file."""
    TARGET.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
