"""The ways to train as far as they can be priced without an account.

No call leaves the machine. What only an account knows, such as its quotas, is left unknown.
"""

from collections.abc import Sequence
from datetime import date

from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.domain.costs import MonthlyCost
from thriftline.runs.domain.quotes import Quote
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.bedrock import month as bedrock_month
from thriftline.runs.trainers.bedrock import quoting as bedrock_quoting
from thriftline.runs.trainers.bedrock.abilities import ABILITIES
from thriftline.runs.trainers.port import Inputs, Quoter
from thriftline.runs.trainers.sagemaker import month as sagemaker_month
from thriftline.runs.trainers.sagemaker import quoting as sagemaker_quoting
from thriftline.runs.trainers.sagemaker.trainer import SagemakerTrainer
from thriftline.runs.trainers.sagemaker.training_instance_types import training_instance_types


class SagemakerPrices:
    """SageMaker by the price list and the names that its API model has."""

    name = sagemaker_quoting.NAME
    inputs = SagemakerTrainer.inputs
    abilities = SagemakerTrainer.abilities

    def __init__(self, region: str) -> None:
        self._region = region

    def quote(self, work: TrainingWork) -> Quote:
        """Prices the ladder of the run spec, whatever the account's quotas are."""
        sources = sagemaker_quoting.PriceSources(
            price_catalogue, training_instance_types, self._region
        )
        return sagemaker_quoting.quote(work, sources)

    def month(self, work: TrainingWork, predictions: int) -> MonthlyCost:
        """Prices an endpoint that stands all month."""
        return sagemaker_month.month(work, predictions, price_catalogue(), self._region)


class BedrockPrices:
    """Bedrock by the price list and the table of its base models."""

    name = bedrock_quoting.NAME
    inputs = Inputs(("train", "test"), samples_test=True)
    abilities = ABILITIES

    def __init__(self, region: str, today: date) -> None:
        self._sources = bedrock_quoting.BedrockSources(price_catalogue, region, today)

    def quote(self, work: TrainingWork) -> Quote:
        """Prices the customization and its evaluation, whatever the account's quotas are."""
        return bedrock_quoting.quote(work, self._sources)

    def month(self, work: TrainingWork, predictions: int) -> MonthlyCost:
        """Prices the tokens of a month."""
        return bedrock_month.month(work, predictions, self._sources)


def quoters(region: str, today: date) -> Sequence[Quoter]:
    """Returns them in the order in which they are asked."""
    return (SagemakerPrices(region), BedrockPrices(region, today))
