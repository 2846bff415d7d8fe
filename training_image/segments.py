r"""Where a text may be cut so that its parts have the tokens that they have in the whole.

A fast tokenizer normalises a text, takes words apart (its pre-tokenizer), and looks up each word by
itself. So a cut before a space changes nothing where the pre-tokenizer cuts there as well, and
where the normaliser does not look across it:

* Pre-tokenizers that split at white space first (BERT, DistilBERT, ELECTRA, MiniLM, MPNet, XLM-R):
  every space is such a place.
* Byte-level BPE (RoBERTa, DeBERTa, ModernBERT): its pattern ` ?\p{L}+| ?\p{N}+|…|\s+(?!\S)|\s+`
  never goes on from a character to white space behind it. So is Metaspace (DeBERTa-v3), which cuts
  before each space and gives a text without one in front a space. A space after a character that is
  no white space is such a place.

Whatever is not known to be so is not cut.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MARK = "\x1f"  # put at the cuts; a text that has it is not cut
# What any library takes for white space, and some that hardly one does.
WHITE = r"\s\x0b\x1c-\x1f\x{85}\x{180e}\x{200b}\x{feff}\p{Z}"
SPLIT_AT_WHITE_SPACE = {"BertPreTokenizer", "Whitespace", "WhitespaceSplit"}
WITHIN_WORDS = SPLIT_AT_WHITE_SPACE | {"ByteLevel", "Digits", "Punctuation"}
# Patterns of a Replace that begin with white space, so that none begins before a cut.
WHITE_REPLACED = {r"\s{2,}|[\n\r\t]", " {2,}"}


@dataclass(frozen=True)
class TextCutter:
    """Cuts the texts of one tokenizer."""

    at_every_space: bool

    @classmethod
    def of(cls, backend: Any) -> "TextCutter | None":
        """Returns how to cut for a tokenizers.Tokenizer; None where cuts might change tokens."""
        parts = json.loads(backend.to_str())
        steps = _steps(parts["pre_tokenizer"], "pretokenizers")
        normalizers = _steps(parts["normalizer"], "normalizers")
        tokens = [each for each in parts["added_tokens"] or [] if not each.get("deleted")]
        if any(re.search(r"\S\s", each["content"]) for each in tokens):
            return None
        if steps and steps[0]["type"] in SPLIT_AT_WHITE_SPACE:
            local = all(map(_stays_in_word, steps[1:])) and all(map(_is_local, normalizers))
            return cls(at_every_space=True) if local else None
        if len(steps) != 1 or not _cuts_before_spaces(steps[0]):
            return None
        # An added token that takes the white space behind it would take it from the next part.
        if any(each["rstrip"] for each in tokens):
            return None
        kept = all(_is_local(each) and each["type"] != "BertNormalizer" for each in normalizers)
        return cls(at_every_space=False) if kept else None

    def apply(self, texts: pa.Array) -> pa.Array | None:
        """Returns a list of parts for each text, which they make up; None where a text has MARK."""
        if pc.any(pc.match_substring(texts, MARK)).as_py():
            return None
        if self.at_every_space:
            marked = pc.replace_substring(texts, " ", MARK + " ")
        else:
            marked = pc.replace_substring_regex(texts, f"([^{WHITE}]) ", rf"\1{MARK} ")
        return pc.split_pattern(marked, MARK)


def _steps(part: dict[str, Any] | None, several: str) -> list[dict[str, Any]]:
    if part is None:
        return []
    if part["type"] != "Sequence":
        return [part]
    return [step for each in part[several] for step in _steps(each, several)]


def _stays_in_word(step: dict[str, Any]) -> bool:
    if step["type"] == "Metaspace":
        return step.get("prepend_scheme") in {"always", "never"}
    return step["type"] in WITHIN_WORDS


def _cuts_before_spaces(step: dict[str, Any]) -> bool:
    if step["type"] == "ByteLevel":
        return bool(step.get("use_regex", True))
    whole = step["type"] == "Metaspace" and step.get("split", True)
    return bool(whole and step.get("prepend_scheme") == "always")


def _is_local(step: dict[str, Any]) -> bool:
    if step["type"] == "Replace":
        return step["pattern"].get("Regex") in WHITE_REPLACED and step["content"] == " "
    if step["type"] == "Strip":
        return not step["strip_left"]
    return step["type"] in {"BertNormalizer", "Lowercase", "NFC", "NFD"}
