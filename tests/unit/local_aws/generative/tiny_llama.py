"""A Llama of three small layers with random weights, and a vocabulary of its own sentences."""

import random
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from tokenizers.decoders import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import LlamaConfig, LlamaForCausalLM

from local_aws.generative.conversations import Conversation, Message

SYSTEM = "Is it good? One word:\n- positive\n- negative"
MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
GOOD = ("lovely", "warm", "witty", "moving")
BAD = ("dull", "tired", "clumsy", "stale")


def make_tiny_llama(folder: Path, longest: int = 512) -> Path:
    tokenizer = Tokenizer(models.BPE())
    words = pre_tokenizers.Split(Regex(r" ?\w+|\s+|[^\w\s]+"), "isolated")
    bytes_of_words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, bytes_of_words])
    tokenizer.decoder = ByteLevel()
    trainer = BpeTrainer(
        vocab_size=600,
        special_tokens=MARKS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    spoken = [f"{each.answer} {each.asked[0].text}" for each in records(100, 0)]
    tokenizer.train_from_iterator([SYSTEM, "system user assistant\n", *spoken], trainer)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=longest,
        tie_word_embeddings=True,
        initializer_range=0.5,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def record(text: str, answer: str, system: str = SYSTEM) -> Conversation:
    return Conversation(system, (Message("user", text), Message("assistant", answer)))


def records(count: int, seed: int) -> list[Conversation]:
    drawn = random.Random(seed)
    made = []
    for number in range(count):
        words, answer = ((GOOD, "positive"), (BAD, "negative"))[number % 2]
        made.append(record(f"a {' and '.join(drawn.sample(words, 2))} film", answer))
    return made


def asked(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)
