"""Rules on how Bedrock's models are asked: tokens, prompt caching, cheaper models."""

from collections.abc import Iterator
from decimal import Decimal

from thriftline.audit.domain.bedrock_models import (
    UNTUNED,
    AskedModel,
    Way,
    asked_model,
    owner_of,
)
from thriftline.audit.domain.bedrock_use import (
    TokenUse,
    cost_of_tokens,
    profile_source,
    token_cost,
    token_price,
    token_use,
)
from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.rules.rule import (
    Observation,
    Rule,
    Subject,
    dollars,
    worth_telling,
)
from thriftline.audit.domain.rules.training import a_month
from thriftline.core.wording import counted
from thriftline.money.bedrock_names import GLOBAL, called_name, foundation_model, scope_of
from thriftline.money.prices import TokenPrice

_NEEDS = frozenset({ResourceKind.BEDROCK_MODEL, ResourceKind.METRIC})
_MILLION = Decimal(1_000_000)
_WITHOUT_PROFILE = (
    "Tag what is called, so that its dollars can be separated: an application inference profile "
    "is made for a model or a system-defined profile alone."
)


def _uses(subject: Subject) -> Iterator[tuple[AskedModel, TokenUse]]:
    for model in subject.inventory.bedrock.models:
        use = token_use(model.model_id, subject.inventory.metrics, subject.inventory.window)
        if not isinstance(use, Unread) and (use.invocations or use.input or use.output):
            yield asked_model(model.model_id, subject.inventory.bedrock), use


def _signals(use: TokenUse) -> tuple[Signal, ...]:
    return (
        Signal("Invocations", f"{use.invocations:,}"),
        Signal("InputTokenCount", f"{use.input:,}"),
        Signal("OutputTokenCount", f"{use.output:,}"),
        Signal("Cache tokens read and written", f"{use.cache_read:,} and {use.cache_write:,}"),
    )


def _token_use(subject: Subject) -> Iterator[Observation]:
    region = subject.inventory.region
    for model, use in _uses(subject):
        cost = token_cost(model, use, region, subject.prices)
        each = use.input / use.invocations if use.invocations else 0
        yield Observation(
            resource=model.model_id,
            summary=f"{use.words}: {dollars(cost)}, {counted(each, 'token')} in on average.",
            used=(*_signals(use), *_behind(model)),
            missing=(
                "Who asked: CloudWatch has no dimension for it.",
                *(() if cost is not None else (_unpriced(model),)),
            ),
            confidence=Confidence.HIGH,
            monthly_usd=None,
            change=_separate(model.model_id, subject),
        )


def _behind(model: AskedModel) -> tuple[Signal, ...]:
    """Returns what answers under an ARN; a plain id says it itself."""
    if model.way is Way.ON_DEMAND or model.base is None:
        return ()
    owner = owner_of(model.custom.tags) if model.custom else None
    made = (Signal("Made by", owner),) if owner else ()
    return (Signal("Model behind it", model.words), *made)


def _unpriced(model: AskedModel) -> str:
    if model.way is Way.UNITS:
        return "A price of its tokens: its model units are paid by the hour."
    if model.base is None and model.way is not Way.MANTLE:
        return f"The model behind it, and so its price: {model.words}."
    return "A price of this model in this region."


def _separate(model_id: str, subject: Subject) -> Change:
    """Returns how the tokens of each use can be told apart."""
    source = profile_source(model_id, subject.inventory.account, subject.inventory.region)
    if source is None:
        return Change(_WITHOUT_PROFILE, (), "Remove the tags.")
    name = (foundation_model(model_id) or "model").replace(".", "-").replace(":", "-")
    asked = {
        "inferenceProfileName": f"{name[:59]}-team",
        "modelSource": {"copyFrom": source},
        "tags": [{"key": "team", "value": "name-of-the-team"}],
    }
    return Change(
        "Give each use an application inference profile with tags, so that its tokens "
        "and dollars can be separated.",
        (ApiCall("bedrock", "CreateInferenceProfile", asked),),
        "DeleteInferenceProfile.",
    )


def _prompt_caching(subject: Subject) -> Iterator[Observation]:
    parameters = subject.parameters
    for model, use in _uses(subject):
        price = token_price(model, subject.inventory.region, subject.prices)
        if price is None or price.cache_read_usd is None or use.cache_read or use.cache_write:
            continue
        share = use.input / max(use.input + use.output, 1)
        each = use.input / max(use.invocations, 1)
        if share < parameters.caching_min_input_share:
            continue
        if each < parameters.caching_min_input_tokens:
            continue
        hit = parameters.caching_assumed_hit_share
        saved = use.input * hit * (price.input_usd - price.cache_read_usd) / _MILLION
        yield Observation(
            resource=model.model_id,
            summary=f"{share:.0%} of its tokens are input, {each:,.0f} a call, none of it cached. "
            f"If {hit:.0%} of it repeats, {dollars(a_month(saved, subject))} a month less, before "
            "what writing to the cache costs.",
            used=_signals(use),
            missing=("How much of the prompts repeats within five minutes.",),
            confidence=Confidence.LOW,
            # How much repeats is not measured, so the sum above is an example, not a saving.
            monthly_usd=None,
            change=Change(
                "Put what repeats (system prompt, tools, documents) first, and a cachePoint "
                "behind it.",
                (
                    ApiCall(
                        "bedrock-runtime",
                        "Converse",
                        {
                            "modelId": model.model_id,
                            "system": [
                                {"text": "what repeats"},
                                {"cachePoint": {"type": "default"}},
                            ],
                        },
                        is_partial=True,
                    ),
                ),
                "Leave the cachePoint out.",
            ),
        )


def _cheaper_model(subject: Subject) -> Iterator[Observation]:
    region = subject.inventory.region
    for model, use in _uses(subject):
        # What was tuned for a task is not replaced by what was not.
        if model.way not in UNTUNED:
            continue
        now = token_cost(model, use, region, subject.prices)
        plain = TokenUse(
            use.invocations, use.input + use.cache_read + use.cache_write, use.output, 0, 0
        )
        others = [
            (cost, name)
            for name, price in _candidates(model, subject)
            if (cost := cost_of_tokens(plain, price)) is not None
        ]
        if now is None or not others:
            continue
        cost, name = min(others)
        saved = a_month(now - cost, subject)
        if now - cost < subject.parameters.cheaper_model_min_share * now:
            continue
        if worth_telling(saved, subject.parameters):
            yield _cheaper(model, use, (now, cost), name, saved)


def _candidates(model: AskedModel, subject: Subject) -> Iterator[tuple[str, TokenPrice]]:
    """Yields other models of the region that are still offered and route no further."""
    inventory, prices = subject.inventory, subject.prices
    for name, price in prices.tokens.usd.get(inventory.region, {}).items():
        base = foundation_model(name) or name
        last_day = prices.last_day_of(base)
        is_gone = last_day is not None and last_day <= inventory.now.date()
        routes_further = scope_of(name) == GLOBAL and model.scope != GLOBAL
        if not (is_gone or routes_further or base == model.base):
            yield name, price


def _cheaper(
    model: AskedModel,
    use: TokenUse,
    costs: tuple[Decimal, Decimal],
    name: str,
    saved: Decimal | None,
) -> Observation:
    return Observation(
        resource=model.model_id,
        summary=f"The same tokens cost {dollars(costs[0])} here and {dollars(costs[1])} with "
        f"{name}, if it is good enough.",
        used=_signals(use),
        missing=(
            "Whether the cheaper model is good enough: evaluate it on your own prompts.",
            "Its own token counts: every model cuts text in its own way.",
            "Whether AWS still offers it to this account: a price is no offer.",
        ),
        confidence=Confidence.LOW,
        monthly_usd=saved,
        change=Change(
            f"Evaluate {name} on held-out prompts; switch where it passes.",
            (
                ApiCall(
                    "bedrock",
                    "CreateEvaluationJob",
                    {
                        "inferenceConfig": {
                            "models": [
                                {"bedrockModel": {"modelIdentifier": one}}
                                for one in (called_name(model.model_id) or model.base, name)
                            ]
                        }
                    },
                    is_partial=True,
                ),
            ),
            "Call the old model id.",
        ),
    )


RULES = (
    Rule(
        id="ml.bedrock.tokens.use",
        title="Token use of a model",
        resource_type=ResourceKind.BEDROCK_MODEL,
        severity=Severity.INFO,
        effort=Effort.CALL,
        rationale="Tokens are what Bedrock bills; under a wrong metric name they read as zero.",
        how="The sums of the window by the ModelId that CloudWatch lists. Cost: tokens in, out, "
        "read from and written to the cache, each at its price. The ARN of a deployment or of an "
        "application profile is resolved to the model behind it first; where the lists do not "
        "name it, the model and its price are unknown. A geographic profile and a plain id cost "
        "what the region costs, a global profile what it costs itself.",
        evidence="`Invocations`, `InputTokenCount`, `OutputTokenCount`, "
        "`CacheReadInputTokenCount`, `CacheWriteInputTokenCount` in `AWS/Bedrock`.",
        change="An application inference profile for each use.",
        undo="DeleteInferenceProfile.",
        thresholds=(),
        needs=_NEEDS,
        look=_token_use,
    ),
    Rule(
        id="ml.bedrock.tokens.prompt-caching",
        title="Candidate for prompt caching",
        resource_type=ResourceKind.BEDROCK_MODEL,
        severity=Severity.LOW,
        effort=Effort.PROJECT,
        rationale="A prefix that repeats costs a tenth to a quarter when the cache has it.",
        how="A model that can cache, of whose tokens `caching_min_input_share` or more are input, "
        "with `caching_min_input_tokens` or more a call, and none cached. The example uses "
        "`caching_assumed_hit_share`; as it is not measured, no dollars are claimed.",
        evidence="Token counts of the window; cache prices of the catalogue.",
        change="A cachePoint behind what repeats.",
        undo="Leave it out.",
        thresholds=(
            "caching_min_input_share",
            "caching_min_input_tokens",
            "caching_assumed_hit_share",
        ),
        needs=_NEEDS,
        look=_prompt_caching,
    ),
    Rule(
        id="ml.bedrock.tokens.cheaper-model",
        title="Candidate for a cheaper model",
        resource_type=ResourceKind.BEDROCK_MODEL,
        severity=Severity.LOW,
        effort=Effort.PROJECT,
        rationale="Many prompts are answered as well by a model at a tenth of the price; only an "
        "evaluation says which.",
        how="The window's tokens at the price of every other model of the region; reported when "
        "the cheapest saves `cheaper_model_min_share` or more. A model past its last day is no "
        "candidate, nor is a profile that routes further than the one that is called. Custom "
        "models are left out: what was tuned for a task is not replaced by what was not.",
        evidence="Token counts of the window, the price catalogue with the models' last days.",
        change="Evaluate, then switch.",
        undo="Call the old model.",
        thresholds=("cheaper_model_min_share", "min_saving_usd"),
        needs=_NEEDS,
        look=_cheaper_model,
    ),
)
