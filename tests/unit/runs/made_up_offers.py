"""Offers of two made-up trainers, as the router is given them."""

from datetime import date
from decimal import Decimal

from thriftline.money.prices import Price
from thriftline.runs.domain.abilities import Abilities
from thriftline.runs.domain.costs import CostRow, MonthlyCost, Standing
from thriftline.runs.domain.quotes import Candidate, Expectation, Quote, Rung
from thriftline.runs.domain.router import Offer

PRICE = Price(
    Decimal("1.408"), "instance-hour", "us-east-1", "Training", "a list", date(2026, 5, 20)
)
TOKENS = Price(
    Decimal("0.001"), "1,000 tokens", "us-east-1", "Training", "a list", date(2026, 8, 2)
)
WORDS = Abilities(
    scores=False,
    weights=False,
    multi_label=False,
    search=False,
    encoder=False,
    instructed=True,
    least_latency_ms=300,
)


def quote_of(trainer: str, *rows: CostRow, usd: str | None = "0.10", price: Price = PRICE) -> Quote:
    """A quote of one rung; without rows it is what the chosen candidate costs."""
    likely = None if usd is None else Decimal(usd)
    expected = Expectation(252 if usd else None, likely, f"What {trainer} rests on.")
    worst = Decimal("3.00")
    return Quote(
        trainer=trainer,
        chosen=Candidate(trainer, price, worst, expected),
        rungs=(Rung(f"1 x {trainer}", price, worst, Decimal(0), {}),),
        max_attempts=1,
        basis="a made-up basis",
        likely=rows,
    )


def on_endpoint(
    usd: str | None = "0.10", month: str | None = "0", refusal: str | None = None, most: int = 10**9
) -> Offer:
    """What trains an encoder and serves it on an endpoint that stands all month."""
    if refusal is not None:
        return Offer("sagemaker", Abilities(), refusal=refusal)
    fixed = None if month is None else Decimal(month)
    row = CostRow(
        "predictions", "endpoint of 1 x ml.m5.large, all month", Decimal(730), PRICE, fixed
    )
    return Offer(
        "sagemaker",
        Abilities(),
        quote_of("sagemaker", usd=usd),
        MonthlyCost(
            fixed,
            "One endpoint stands all month.",
            (row,) if fixed else (),
            fixed_usd=fixed,
            usd_per_million=Decimal(0),
            standing=(Standing("ml.m5.large", Decimal("83.95"), most),),
        ),
    )


def by_the_word(
    training: str | None = "1.00",
    per_million: str = "2.275",
    predictions: int = 0,
    quota: int | None = None,
    refusal: str | None = None,
) -> Offer:
    """What customizes a model that answers for a price of each word."""
    if refusal is not None:
        return Offer("bedrock", WORDS, refusal=refusal)
    trained = None if training is None else Decimal(training)
    asked = Decimal(per_million) * predictions / 1_000_000
    storage = CostRow("storage", "one custom model", Decimal(1), TOKENS, Decimal("1.95"))
    answers = CostRow("predictions", "tokens of the answers", Decimal(predictions), TOKENS, asked)
    return Offer(
        "bedrock",
        WORDS,
        quote_of(
            "bedrock",
            CostRow("training", "training tokens", Decimal(1000), TOKENS, trained),
            CostRow("evaluation", "tokens of the evaluation", Decimal(9), TOKENS, Decimal("0.004")),
            price=TOKENS,
        ),
        MonthlyCost(
            asked + Decimal("1.95"),
            "Each answer is paid for.",
            (storage, answers) if predictions else (storage,),
            requests_per_minute=quota,
            fixed_usd=Decimal("1.95"),
            usd_per_million=Decimal(per_million),
        ),
    )
