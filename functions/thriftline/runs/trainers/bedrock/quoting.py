"""What a customization costs: training and evaluation by the token, the model by the month."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from thriftline.core.wording import counted
from thriftline.money.prices import Price
from thriftline.runs.domain.quotes import Candidate, Expectation, Quote, Rung
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockSources, BedrockWork
from thriftline.runs.trainers.bedrock.bill import Bill, bill_of, missing_rows, teaching_of
from thriftline.runs.trainers.bedrock.hyperparameters import as_numbers, as_request, plain
from thriftline.runs.trainers.bedrock.label_words import are_numbers
from thriftline.runs.trainers.bedrock.tokens import CHARACTERS_PER_TOKEN, max_answer_tokens

__all__ = ["NAME", "BedrockSources", "quote"]

NAME = "bedrock"
# An unexpected error of Bedrock is tried once more.
MOST_ATTEMPTS = 2
VALIDATION_LIMIT_SECONDS, TOTAL_LIMIT_SECONDS = 3_600, 43_200
# From a job's end to a deployment that answers; one account saw 8 minutes.
DEPLOYMENT_SECONDS = 1_800
# So few answers still tell a good model from a bad one: 4 points either way at 90 % right.
_FEW_ANSWERS = 200


def quote(work: TrainingWork, sources: BedrockSources) -> Quote:
    """Returns the quote for one customization, its evaluation and a month of its model.

    Raises:
        InvalidRunSpecError: the run cannot be had on Bedrock as it is asked for.
        UnpricedInstanceError: a row of the price list is not known, and nothing is allowed for it.
    """
    asked = BedrockWork(work, sources)
    asked.require_what_bedrock_learns()
    bill = bill_of(asked)
    rung = _rung(asked, bill)
    return Quote(
        trainer=NAME,
        chosen=Candidate(
            name=asked.model.id,
            rate=rung.rate,
            worst_case_usd=rung.worst_case_usd,
            expected=_expected(asked, bill),
            details={"tokens": asked.training_tokens, "epochs": asked.epochs},
        ),
        rungs=(rung,),
        max_attempts=MOST_ATTEMPTS,
        basis=bill.basis,
        remedies=_remedies(asked, bill),
        warnings=_warnings(asked, bill),
        workload=_workload(asked),
        longest_seconds=_longest_seconds(asked),
        likely=bill.likely,
        base_model=asked.model.id,
    )


def _expected(asked: BedrockWork, bill: Bill) -> Expectation:
    each = asked.each
    reason = " ".join(
        (
            f"{CHARACTERS_PER_TOKEN} characters are taken for a token: {each.text:.1f} tokens a "
            f"text, {each.template:.1f} for the instruction and the turns, {each.label:.1f} for "
            "the label.",
            *asked.records.statements,
            asked.evaluation[1],
            "How long Bedrock takes is not known; published jobs took one to three hours.",
        )
    )
    return Expectation(None, bill.likely_usd, reason)


def _rung(asked: BedrockWork, bill: Bill) -> Rung:
    return Rung(
        name=asked.model.id,
        rate=asked.rates.training or _allowed_price(asked, bill),
        worst_case_usd=bill.worst_usd,
        stop_grace_usd=Decimal(0),
        terms=_terms(asked, bill),
        reason=f"{asked.model.id} is customized and then asked on demand, by the token.",
    )


def _allowed_price(asked: BedrockWork, bill: Bill) -> Price:
    return Price(
        usd=bill.held_usd or Decimal(0),
        unit="run",
        region=asked.sources.region,
        component="Bedrock training, unpriced",
        source="budget.unpriced_allowance_usd of run.yaml",
        date=asked.sources.today,
    )


def _terms(asked: BedrockWork, bill: Bill) -> dict[str, Any]:
    section = asked.section
    return {
        "base_model": asked.model.id,
        "invocation_model": asked.model.invocation_ids[0],
        "customization": asked.customization,
        "epochs": asked.epochs,
        **_told(asked),
        "judge": bill.judge.document if bill.judge else None,
        "provisioned": bill.throughput.document if bill.throughput else None,
        "label_words": asked.words,
        "system_prompt": asked.system,
        "train_records": asked.records.train,
        "validation_records": asked.records.validation,
        "test_records": asked.evaluation[0],
        "training_tokens": asked.training_tokens,
        "max_tokens": max_answer_tokens(asked.words.values()),
        "requests_per_minute": asked.requests_per_minute,
        "validation_limit_seconds": section.get("validation_limit_seconds")
        or VALIDATION_LIMIT_SECONDS,
        "total_limit_seconds": section.get("total_limit_seconds") or TOTAL_LIMIT_SECONDS,
        "keep_deployment": bool(section.get("keep_deployment")),
        "few_shot": asked.few_shot,
    }


def _told(asked: BedrockWork) -> dict[str, Any]:
    """Returns what the job is told and at which rates; reinforcement is told in its own place."""
    rates = asked.rates.document
    if asked.customization == "reinforcement":
        numbers = as_numbers(asked.hyperparameters)
        return {"hyperparameters": {}, "reinforcement": numbers, "rates": rates}
    told = as_request(asked.hyperparameters)
    teaching = teaching_of(asked)
    if teaching is None:
        return {"hyperparameters": told, "rates": rates}
    answer = teaching.usd(1)
    rates["teacher"] = None if answer is None else plain(answer)
    return {"hyperparameters": told, "teacher": asked.teacher, "rates": rates}


def _remedies(asked: BedrockWork, bill: Bill) -> tuple[str, ...]:
    """Returns what brings a run that is above its cap under it, one key before both."""
    cap, smaller = asked.work.cap_usd, {}
    if asked.epochs > 1:
        smaller["epochs"] = 1
    if asked.evaluation[0] > _FEW_ANSWERS:
        smaller["evaluation_records"] = _FEW_ANSWERS
    if bill.worst_usd <= cap:
        return ()
    alone = [{key: value} for key, value in smaller.items()]
    fitting = [one for one in alone if _changed(asked, one).worst_usd <= cap]
    if not fitting and smaller and _changed(asked, smaller).worst_usd <= cap:
        fitting = [smaller]
    return tuple(
        f"set {' and '.join(f'bedrock.{key} to {value}' for key, value in one.items())}"
        for one in fitting
    )


def _changed(asked: BedrockWork, keys: Mapping[str, int]) -> Bill:
    """Returns the bill of the same run with other keys."""
    work = replace(asked.work, section={**asked.section, **keys})
    return bill_of(replace(asked, work=work))


def _warnings(asked: BedrockWork, bill: Bill) -> tuple[str, ...]:
    found = list(asked.records.statements)
    asks, least = asked.evaluation[0], asked.work.minimum_test_size
    if asks < least:
        found.append(
            f"{counted(asks, 'test record')} are asked, and gate.minimum_test_size asks for "
            f"{least:,}: the model will not be approved. Raise bedrock.evaluation_records, or "
            "lower gate.minimum_test_size."
        )
    if bill.held_usd is not None:
        found.append(
            f"The price list has no row for {', '.join(missing_rows(asked, bill.teaching))}: "
            f"{bill.held_usd} USD are held for it, and what it really costs is not known."
        )
    if bill.throughput is not None:
        units, usd = counted(bill.throughput.units, "model unit"), bill.throughput.usd
        found.append(
            f"Once the model is approved, {units} cost money by the hour until "
            f"{bill.throughput.until:%Y-%m-%d %H:%M}, {usd} USD at the most, asked or not. An "
            "account has no unit before AWS has raised its quota."
        )
    if are_numbers(asked.words.values()):
        found.append(
            "The labels are numbers, by which a model learns worse than by words. Give each a word "
            "under bedrock.label_words."
        )
    if asked.work.mean_characters is None:
        found.append("The length of the texts is not known; 1,000 characters are assumed.")
    return tuple(found)


def _workload(asked: BedrockWork) -> dict[str, Any]:
    return {
        "base_model": asked.model.id,
        "records": asked.records.total,
        "epochs": asked.epochs,
        "training_tokens": asked.training_tokens,
    }


def _longest_seconds(asked: BedrockWork) -> int:
    records, _ = asked.evaluation
    limit = int(asked.section.get("total_limit_seconds") or TOTAL_LIMIT_SECONDS)
    per_minute = asked.requests_per_minute
    asking = 60 * records * asked.rivals // per_minute if per_minute else 3_600
    return limit + DEPLOYMENT_SECONDS + asking
