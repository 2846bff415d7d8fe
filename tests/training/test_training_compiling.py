"""One compiled graph for passes of any size, and an eager network where compiling fails."""

from typing import Any

import pytest
import torch
import transformers
from transformers import BertConfig, DistilBertConfig, ModernBertConfig

from tests.training.tiny import TINY
from training_image.compiling import CompiledNetwork, compiled
from training_image.job import JobError
from training_image.packing import Layout, pack

pytestmark = pytest.mark.training
META = torch.device("meta")
SIZES = [(40, 4), (56, 5), (80, 4), (33, 6)]
SMALL = {**TINY, "vocab_size": 60, "intermediate_size": 32}
CONFIGS = {
    "Bert": BertConfig(**SMALL),
    "DistilBert": DistilBertConfig(dim=16, n_layers=2, n_heads=2, hidden_dim=32, vocab_size=60),
    "ModernBert": ModernBertConfig(
        **SMALL, local_attention=8, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3
    ),
}


def inputs(tokens: int, rows: int) -> dict[str, Any]:
    line = torch.zeros(1, tokens, dtype=torch.int64, device=META)
    starts = torch.zeros(rows + 1, dtype=torch.int32, device=META)
    return {
        "input_ids": line,
        "position_ids": line,
        "attention_mask": torch.ones(rows, 1, dtype=torch.int64, device=META),
        "layout": Layout((), starts, 64),
    }


@pytest.mark.parametrize("family", CONFIGS)
def test_one_graph_serves_every_size_of_packed_passes(family: str) -> None:
    """Traced as on a GPU, with shapes alone: no break, no second graph."""
    network = transformers.AutoModelForSequenceClassification.from_config(CONFIGS[family])
    assert pack(network.eval(), 0, 64) is not None
    network = network.to(META, dtype=torch.bfloat16).train()
    graphs = []

    def backend(graph: Any, _example: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    torch._dynamo.reset()
    run = torch.compile(network, dynamic=True, fullgraph=True, backend=backend)
    for tokens, rows in SIZES:
        logits: torch.Tensor = run(**inputs(tokens, rows)).logits  # type: ignore[no-untyped-call]
        logits.sum().backward()  # type: ignore[no-untyped-call]
        assert logits.shape == (rows, 2)
    assert len(graphs) == 1


class Doubled(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return value * self.weight


def test_where_compiling_fails_training_goes_on_without(
    capsys: pytest.CaptureFixture[str],
) -> None:
    network = CompiledNetwork(Doubled(), "default", backend="eager")
    assert network(value=torch.ones(2)).tolist() == [2, 2]

    def broken(_graph: Any, _example: Any) -> Any:
        raise RuntimeError("no compiler here")

    torch._dynamo.reset()
    fallen = CompiledNetwork(Doubled(), "default", backend=broken)  # type: ignore[arg-type]
    assert fallen(value=torch.ones(2)).tolist() == [2, 2]
    assert not fallen.is_compiled
    assert "goes on without torch.compile" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "expected"), [("", False), ("auto", False), ("off", False), ("on", True)]
)
def test_on_a_cpu_nothing_is_compiled_unless_asked_for(asked: str, expected: bool) -> None:
    network = Doubled()
    found = compiled(
        network,
        asked,
        packed=True,
        tokens=10**15,
        device=torch.device("cpu"),
    )
    assert isinstance(found, CompiledNetwork) == expected


def test_an_unknown_wish_is_refused() -> None:
    with pytest.raises(JobError, match="THRIFTLINE_COMPILE is 'yes'; it may be"):
        compiled(
            Doubled(),
            "yes",
            packed=True,
            tokens=1,
            device=torch.device("cpu"),
        )
