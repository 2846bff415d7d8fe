"""What an hour of an instance costs, out of the dated price catalogue of a checkout."""

from decimal import Decimal
from pathlib import Path

from thriftline.money.price_catalogue import read_catalogue


def hourly_usd(instance_type: str, region: str, catalogue: Path) -> Decimal | None:
    """Returns the rate, None where no list has one; hosting's stands for batch transform's."""
    price = read_catalogue(catalogue.read_bytes()).hosting_rate(instance_type, region)
    return None if price is None else price.usd
