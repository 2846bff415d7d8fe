"""What a refresh changes, and what of it somebody must look at before it is believed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from thriftline.money.price_catalogue import PriceCatalogueDocument

# SageMaker's rate by EC2's of the same hardware: 1.40 for one GPU, 1.25 for more, 1.15 for P4, P5
# and Trn1, 1.20 for m5 and c5.
BAND = (Decimal("1.1"), Decimal("1.45"))
# A rate that doubles or halves is more likely a row that was misread.
MOST_CHANGE = Decimal(2)


@dataclass(frozen=True, order=True)
class Difference:
    """A price that is new, gone or another; None where there is none."""

    section: str
    region: str
    name: str
    before: Decimal | None
    after: Decimal | None

    @property
    def change(self) -> Decimal | None:
        """The new price by the old one."""
        return self.after / self.before if self.before and self.after else None


@dataclass(frozen=True)
class Outlier:
    """A rate that cannot be right, with the rule that it breaks."""

    place: str
    rule: str


def differences(
    before: PriceCatalogueDocument, after: PriceCatalogueDocument
) -> tuple[Difference, ...]:
    """Return what is not the same in two catalogues, in order of section, region and name."""
    old, new = dict(_prices(before)), dict(_prices(after))
    found = (Difference(*place, old.get(place), new.get(place)) for place in {*old, *new})
    return tuple(sorted((one for one in found if one.before != one.after), key=_place))


def _place(one: Difference) -> tuple[str, str, str]:
    return one.section, one.region, one.name


def _prices(
    document: PriceCatalogueDocument,
) -> Iterator[tuple[tuple[str, str, str], Decimal]]:
    """Yield every price by its place; of one in tiers the highest."""
    prices = document.to_domain()
    sections = {
        **prices.hourly,
        **{f"{name} storage": rates for name, rates in prices.storage.components.items()},
        "EC2": prices.ec2,
        "S3": prices.objects,
        "FSx": prices.files,
        "Transfer": prices.transfer,
        "EMR Serverless": prices.emr_serverless,
        "Bedrock training": prices.bedrock_training,
        "Bedrock custom tokens": prices.bedrock_custom_tokens,
        "Bedrock storage": prices.monthly,
        "Bedrock reinforcement": prices.bedrock_reinforcement,
        "Bedrock units": prices.bedrock_units,
        "Savings Plans": prices.savings_plans,
    }
    for section, rates in sections.items():
        for region, named in rates.usd.items():
            yield from (((section, region, name), usd) for name, usd in named.items())


def outliers(
    changed: Iterable[Difference], after: PriceCatalogueDocument
) -> tuple[tuple[Outlier, ...], int]:
    """Return the rates that somebody must look at, and how many could not be held against EC2's."""
    prices = after.to_domain()
    found, unchecked = [], 0
    for section, rates in prices.hourly.items():
        for region, named in rates.usd.items():
            for name, usd in named.items():
                ec2 = prices.ec2.usd.get(region, {}).get(name.removeprefix("ml."))
                unchecked += ec2 is None
                if ec2 and not BAND[0] <= usd / ec2 <= BAND[1]:
                    found.append(
                        Outlier(
                            f"{section} {region} {name}",
                            f"{usd} USD is {usd / ec2:.2f} times EC2's {ec2}; "
                            f"{BAND[0]} to {BAND[1]} is usual",
                        )
                    )
    for one in changed:
        if one.change and not 1 / MOST_CHANGE <= one.change <= MOST_CHANGE:
            found.append(
                Outlier(
                    f"{one.section} {one.region} {one.name}",
                    f"{one.after} USD is {one.change:.2f} times the {one.before} of before",
                )
            )
    return tuple(found), unchecked
