"""The price catalogue. It is part of a release: `thriftline prices refresh` writes the next one."""

from thriftline.api.paging import next_token, start_of
from thriftline.api.requests import Call
from thriftline.api.schemas.prices import InstancePrice, PricePage, PricesAsk
from thriftline.money.price_catalogue import price_catalogue
from thriftline.wiring import api as wiring


def list_prices(_call: Call, query: PricesAsk) -> PricePage:
    """Returns the rates of an hour of SageMaker's instances in a region."""
    region = query.region or wiring.settings().region
    filters = {
        "of": "prices",
        "region": region,
        "component": query.component,
        "instance_type": query.instance_type,
    }
    start = start_of(query.next_token, filters, ("instance_type",))
    known = sorted(price_catalogue().priced_types(region, query.component))
    wanted = [
        name
        for name in known
        if query.instance_type in (None, name) and (start is None or name > start["instance_type"])
    ]
    shown = wanted[: query.limit]
    last = {"instance_type": shown[-1]} if len(wanted) > len(shown) else None
    priced = [
        (name, price_catalogue().instance_rate(query.component, name, region)) for name in shown
    ]
    return PricePage(
        items=tuple(
            InstancePrice(
                instance_type=name,
                component=query.component,
                region=region,
                usd=price.usd,
                unit=price.unit,
                source=price.source,
                date=price.date,
                stands_in_for=price.stands_in_for,
            )
            for name, price in priced
            if price is not None
        ),
        next_token=next_token(last, filters),
    )
