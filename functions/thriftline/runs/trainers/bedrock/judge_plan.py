"""Whether a model judges the answers, what it is asked, and what that costs at the most."""

from collections.abc import Sequence
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import BudgetExceededError, UnpricedInstanceError
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockWork
from thriftline.runs.trainers.bedrock.model_judge import MOST_PROMPTS, judge_usd, require_metrics
from thriftline.runs.trainers.bedrock.rates import asked_prices


@dataclass(frozen=True)
class JudgePlan:
    """The judge, its metrics, how many answers it reads, and the dollars."""

    model: str
    metrics: Sequence[str]
    records: int
    usd: Decimal

    @property
    def document(self) -> dict[str, object]:
        """What the attempt keeps."""
        return {
            "model": self.model,
            "metrics": list(self.metrics),
            "records": self.records,
            "usd": str(self.usd),
        }


def judge_plan(asked: BedrockWork) -> JudgePlan | None:
    """Returns what the run spec names, None where it names no judge.

    Raises:
        InvalidRunSpecError: a judge has no such metric.
        UnpricedInstanceError: the judge has no known price.
        BudgetExceededError: it costs more than it may.
    """
    named = asked.section.get("judge")
    if named is None:
        return None
    model, metrics = named["model"], tuple(named["metrics"])
    require_metrics(metrics)
    prices = asked_prices(model, asked.sources.region, asked.sources.prices())
    if prices is None or prices[0] is None or prices[1] is None:
        raise UnpricedInstanceError(
            f"bedrock.judge.model: the price list has no row for {model} in "
            f"{asked.sources.region}. Take another judge. Nothing was spent."
        )
    records = min(named["records"], asked.evaluation[0], MOST_PROMPTS)
    read = asked.each.question + 2 * asked.each.label
    usd = judge_usd(records, read, len(metrics), (prices[0].usd, prices[1].usd))
    if usd > named["max_usd"]:
        raise BudgetExceededError(
            f"bedrock.judge: {model} reads {records:,} answers for each of {len(metrics)} metrics "
            f"and costs up to {usd:,} USD, and max_usd is {named['max_usd']}. Name fewer records, "
            "fewer metrics or more dollars. Nothing was spent."
        )
    return JudgePlan(model, metrics, records, usd)
