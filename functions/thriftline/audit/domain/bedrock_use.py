"""What a Bedrock model was asked in a window, in tokens, and what they cost."""

from decimal import Decimal

from thriftline.audit.domain.bedrock_models import UNTUNED, AskedModel, Way
from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.metrics import Metrics, series_of
from thriftline.audit.domain.questions import BEDROCK_METRICS, bedrock_metrics, failure_metrics
from thriftline.audit.domain.resources.bedrock import MANTLE
from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.money.bedrock_names import (
    GLOBAL,
    called_name,
    geography_of,
    price_name,
    scope_of,
)
from thriftline.money.prices import PriceCatalogue, TokenPrice

_MILLION = Decimal(1_000_000)
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


def profile_source(model_id: str, account: str, region: str) -> str | None:
    """Returns the ARN that an application inference profile for a model is copied from.

    A system-defined profile is named as it is called: the model behind it need not be on demand
    in the region. None where AWS copies from nothing: provisioned units, deployments, imported
    models, an application profile, and models of the bedrock-mantle endpoint.
    """
    if model_id.startswith("arn:"):
        return model_id if called_name(model_id) else None
    if model_id.startswith(MANTLE):
        return None
    if scope_of(model_id):
        return f"arn:aws:bedrock:{region}:{account}:inference-profile/{model_id}"
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"


def token_price(model: AskedModel, region: str, prices: PriceCatalogue) -> TokenPrice | None:
    """Returns the price of a model's tokens, None when the catalogue has none or it is unknown.

    A profile has the price that stands under its own id. A geographic one, and the plain id, cost
    what the region costs, which is never the price of the global profile. A deployment costs what
    custom models of its family cost; model units are paid by the hour.
    """
    if model.base is None:
        return None
    if model.way is Way.DEPLOYMENT:
        return _custom_price(model.base, region, prices)
    return _untuned_price(model, model.base, region, prices) if model.way in UNTUNED else None


def _untuned_price(
    model: AskedModel, base: str, region: str, prices: PriceCatalogue
) -> TokenPrice | None:
    own = prices.tokens.of_profile(f"{model.scope}.{base}") if model.scope else None
    if own is not None or model.scope == GLOBAL:
        return own
    regional = prices.tokens.usd.get(region, {}).get(base)
    near = geography_of(region)
    if regional is not None or near is None or model.scope is not None:
        return regional
    return prices.tokens.of_profile(f"{near}.{base}")


def _custom_price(base: str, region: str, prices: PriceCatalogue) -> TokenPrice | None:
    family = price_name(base)
    asked, answered = (
        prices.bedrock_custom_tokens.rate(f"{family} {way}", region) for way in ("input", "output")
    )
    return TokenPrice(asked.usd, answered.usd) if asked and answered else None


def token_cost(
    model: AskedModel, use: Fact[TokenUse], region: str, prices: PriceCatalogue
) -> Decimal | None:
    """Returns the USD of what was used, None when use or price is unknown."""
    price = token_price(model, region, prices)
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
