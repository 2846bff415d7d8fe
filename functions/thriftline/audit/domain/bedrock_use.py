"""What a Bedrock model was asked in a window, in tokens, and what they cost."""

import re
from dataclasses import dataclass
from decimal import Decimal

from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.metrics import Metrics, series_of
from thriftline.audit.domain.questions import BEDROCK_METRICS, bedrock_metrics, failure_metrics
from thriftline.audit.domain.resources.bedrock import MANTLE
from thriftline.core.wording import counted
from thriftline.money.prices import PriceCatalogue, TokenPrice

_MILLION = Decimal(1_000_000)
# The profile of a geography routes within it and costs what its region costs; models whose
# regional price differs from the global one have a price for each profile.
_GEOGRAPHY = re.compile(r"(us|us-gov|eu|apac|jp|au|ca)\.(?=[a-z0-9-]+\.)")
_PROFILE = re.compile(r"(global|us|us-gov|eu|apac|jp|au|ca)\.(?=[a-z0-9-]+\.)")
_COPIED = re.compile(r":(foundation-model|inference-profile)/")
_DAYS_OF_LIST_METRICS = 14


@dataclass(frozen=True, slots=True)
class TokenUse:
    """Sums of a window. ``input`` is what was neither read from a cache nor written to one."""

    invocations: int
    input: int
    output: int
    cache_read: int
    cache_write: int

    @property
    def words(self) -> str:
        """The use in a sentence's part."""
        cached = self.cache_read + self.cache_write
        return (
            f"{counted(self.invocations, 'invocation')}, {counted(self.input, 'token')} in, "
            f"{self.output:,} out, {cached:,} by cache"
        )


def token_use(model_id: str, metrics: Metrics, window: Window) -> Fact[TokenUse]:
    """Returns the sums, or the first error if one metric could not be read.

    Bedrock reports a metric only when there was something to report: a model without cached
    tokens has no series of them, and that is zero once the query succeeded.
    """
    sums: list[int] = []
    for key in bedrock_metrics(model_id):
        series = series_of(metrics, key)
        if isinstance(series, Unread):
            return series
        values = series.between(window.start, window.end)
        sums.append(round(sum(value for value in values if value is not None)))
    # bedrock-mantle has no metric of its cache: what was read from it counts as tokens in.
    return TokenUse(*sums, *[0] * (len(BEDROCK_METRICS) - len(sums)))


def is_called(model_id: str, metrics: Metrics, window: Window) -> bool:
    """Whether anybody called a model, answered or not; what was not read counts as called."""
    use = token_use(model_id, metrics, window)
    if isinstance(use, Unread) or use.invocations or use.input or use.output:
        return True
    for key in failure_metrics(model_id):
        series = series_of(metrics, key)
        if isinstance(series, Unread) or any(series.between(window.start, window.end)):
            return True
    return False


def base_model_of(model_id: str) -> str:
    """Returns the id of the foundation model behind an ARN or a geographic inference profile."""
    return _GEOGRAPHY.sub("", model_id.rsplit("/", 1)[-1], count=1)


def profile_source(model_id: str, account: str, region: str) -> str | None:
    """Returns the ARN that an application inference profile for a model is copied from.

    A system-defined profile is named as it is called: the model behind it need not be on demand
    in the region. None where AWS copies from nothing: provisioned units, deployments, imported
    models, an application profile, and models of the bedrock-mantle endpoint.
    """
    if model_id.startswith("arn:"):
        return model_id if _COPIED.search(model_id) else None
    if model_id.startswith(MANTLE):
        return None
    if _PROFILE.match(model_id):
        return f"arn:aws:bedrock:{region}:{account}:inference-profile/{model_id}"
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"


def token_price(model_id: str, region: str, prices: PriceCatalogue) -> TokenPrice | None:
    """Returns a model's price, None when the catalogue has none.

    A profile has the price that stands under its own id. A geographic one costs what its region
    costs, unless only the price of the global profile is known. What goes through bedrock-mantle
    has no price here.
    """
    if model_id.startswith(MANTLE):
        return None
    known = prices.tokens.usd.get(region, {})
    return known.get(model_id.rsplit("/", 1)[-1]) or known.get(base_model_of(model_id))


def token_cost(
    model_id: str, use: Fact[TokenUse], region: str, prices: PriceCatalogue
) -> Decimal | None:
    """Returns the USD of what was used, None when use or price is unknown."""
    price = token_price(model_id, region, prices)
    return None if price is None or isinstance(use, Unread) else cost_of_tokens(use, price)


def cost_of_tokens(use: TokenUse, price: TokenPrice) -> Decimal | None:
    """Returns the USD at a price, None when it lacks one that is needed."""
    total = Decimal(0)
    for count, usd in (
        (use.input, price.input_usd),
        (use.output, price.output_usd),
        (use.cache_read, price.cache_read_usd),
        (use.cache_write, price.cache_write_usd),
    ):
        if count and usd is None:
            return None
        total += count * (usd or Decimal(0)) / _MILLION
    return total


def forgotten_use(window_days: int) -> str | None:
    """Returns which use of Bedrock an audit of such a window cannot see, None when it sees all."""
    if window_days <= _DAYS_OF_LIST_METRICS:
        return None
    return (
        "Bedrock models that nobody has called for two weeks: CloudWatch lists a metric for two "
        "weeks after its last datapoint, so what they used earlier in the "
        f"{counted(window_days, 'day')} is in the bill only."
    )
