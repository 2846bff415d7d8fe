"""Rules of ``serve.yaml`` on what a kind of endpoint has: its sections and its sizes."""

from collections.abc import Iterator

from thriftline.serving.domain.kinds import Kind, ServingWish
from thriftline.serving.domain.refusal import GPU_FAMILIES, Refusal, Rule

SERVERLESS_MEMORY_MB = (1024, 2048, 3072, 4096, 5120, 6144)


_SECTIONS_OF = {
    "serverless": (Kind.SERVERLESS,),
    "asynchronous": (Kind.ASYNCHRONOUS,),
    "component": (Kind.COMPONENT,),
}


def _sections_fit_the_kind(wish: ServingWish) -> Iterator[Refusal]:
    for section, kinds in _SECTIONS_OF.items():
        if section in wish.named and wish.kind not in kinds:
            yield Refusal(
                section,
                f"a {wish.kind} endpoint has no such settings",
                f"take {section} out, or say kind: {kinds[0]}",
            )


def _serverless_has_no_instances(wish: ServingWish) -> Iterator[Refusal]:
    if wish.kind is not Kind.SERVERLESS or "instance" not in wish.named:
        return
    gpu = (wish.instance_type or "").startswith(GPU_FAMILIES)
    rule = "serverless has no GPU and no instances" if gpu else "serverless has no instances"
    yield Refusal(
        "instance", rule, "take instance out (serverless.memory_mb is its size), or choose a kind"
    )


def _serverless_memory(wish: ServingWish) -> Iterator[Refusal]:
    if wish.kind is not Kind.SERVERLESS:
        return
    own = wish.serverless
    if own.memory_mb not in SERVERLESS_MEMORY_MB:
        yield Refusal(
            "serverless.memory_mb",
            "serverless memory is 1024 to 6144 MB in steps of 1024",
            f"say {_next_size(own.memory_mb)}",
        )
    if (own.provisioned_concurrency or 0) > own.max_concurrency:
        yield Refusal(
            "serverless.provisioned_concurrency",
            f"provisioned concurrency is at most max_concurrency ({own.max_concurrency})",
            "raise max_concurrency, or keep less capacity",
        )


def _next_size(memory_mb: int) -> int:
    return next((size for size in SERVERLESS_MEMORY_MB if size >= memory_mb), 6144)


def _multi_model_on_cpu(wish: ServingWish) -> Iterator[Refusal]:
    gpu = (wish.instance_type or "").startswith(GPU_FAMILIES)
    if wish.kind is Kind.MULTI_MODEL and gpu:
        yield Refusal(
            "instance.type",
            "several models on a GPU need Triton, which this image is not",
            "say a CPU type such as ml.m5.xlarge, or another kind",
        )


def _component_accelerators(wish: ServingWish) -> Iterator[Refusal]:
    if wish.kind is not Kind.COMPONENT or not wish.component.accelerators:
        return
    type_ = wish.instance_type
    if type_ is not None and not type_.startswith(GPU_FAMILIES):
        yield Refusal(
            "component.accelerators",
            f"{type_} has no accelerator",
            "take it out, or say a GPU type",
        )


KIND_RULES: tuple[Rule, ...] = (
    _sections_fit_the_kind,
    _serverless_has_no_instances,
    _serverless_memory,
    _multi_model_on_cpu,
    _component_accelerators,
)
