"""What an hour of an instance costs, out of the stack's dated price catalogue."""

from decimal import Decimal
from pathlib import Path

from thriftline.money.price_catalogue import read_catalogue

CATALOGUE = Path(__file__).parents[2] / "functions" / "thriftline" / "data" / "prices.json"


def hourly_usd(instance_type: str, region: str) -> Decimal | None:
    """Returns the rate, None where no list has one; hosting's stands for batch transform's."""
    price = read_catalogue(CATALOGUE.read_bytes()).hosting_rate(instance_type, region)
    return None if price is None else price.usd
