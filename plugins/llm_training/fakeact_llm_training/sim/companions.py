"""The small files beside a model's weights, and their sizes."""

from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Model, Tokenizer


class Companion(NamedTuple):
    """A file beside the weights, in bytes."""

    name: str
    bytes: int


class Vocabulary(NamedTuple):
    """What a tokenizer's files weigh: bytes per entry in tokenizer.json, the settings, the special tokens.

    `slow` are the files of the tokenizer in Python, which transformers 4 writes as well, with bytes per entry.
    """

    entry: float
    settings: int
    special: int
    slow: tuple[tuple[str, float], ...] = ()


# Sizes on the Hub over the vocabulary, as tokenizers 0.20 and later write them, merges in pairs. Those of
# bloom, dolma, yi and t5 are estimates from their kind.
VOCABULARIES = {
    "gpt2": Vocabulary(70.8, 507, 438, (("vocab.json", 15.88), ("merges.txt", 9.08))),
    "t5": Vocabulary(75.5, 20_771, 2_543, (("spiece.model", 24.66),)),
    "neox": Vocabulary(70.8, 4_961, 438),
    "bloom": Vocabulary(134.0, 1_012, 552),
    "smollm": Vocabulary(71.6, 3_764, 831, (("vocab.json", 16.29), ("merges.txt", 9.48))),
    "llama": Vocabulary(113.1, 996, 437, (("tokenizer.model", 15.62),)),
    "llama3": Vocabulary(134.2, 50_500, 325),
    "qwen": Vocabulary(75.3, 5_404, 613, (("vocab.json", 18.31), ("merges.txt", 11.02))),
    "dolma": Vocabulary(71.5, 5_368, 581, (("vocab.json", 16.12), ("merges.txt", 9.15))),
    "gemma": Vocabulary(134.2, 47_022, 636, (("tokenizer.model", 16.57),)),
    "tekken": Vocabulary(130.3, 181_328, 414),
    "yi": Vocabulary(112.0, 1_642, 574, (("tokenizer.model", 16.14),)),
    "deepseek": Vocabulary(77.2, 166_480, 482),
}
# config.json and the model card grow with little but the number of digits.
CONFIG_BYTES, GENERATION_BYTES, CARD_BYTES, ARGUMENTS_BYTES = 700, 111, 1_480, 6_289


def configuration(model: Model) -> tuple[Companion, ...]:
    """Written before the weights: the architecture, and how to generate."""
    numbers = (model.layers, model.hidden, model.ffn, model.heads, model.kv_heads, model.vocab, model.context)
    size = CONFIG_BYTES + sum(len(str(number)) for number in numbers) + 90 * bool(model.experts or model.latent)
    return Companion("config.json", size), Companion("generation_config.json", GENERATION_BYTES + 18)


def tokenizer_files(tokenizer: Tokenizer, *, slow: bool) -> tuple[Companion, ...]:
    """Written after the weights; `slow` adds what only transformers 4 writes."""
    vocabulary = VOCABULARIES[tokenizer.key]
    files = [Companion("tokenizer_config.json", vocabulary.settings)]
    if slow:
        files.append(Companion("special_tokens_map.json", vocabulary.special))
        files += [Companion(name, round(entry * tokenizer.vocab)) for name, entry in vocabulary.slow]
    return *files, Companion("tokenizer.json", round(vocabulary.entry * tokenizer.vocab))


def trainer_files(logged: int) -> tuple[Companion, ...]:
    """What the Hugging Face Trainer adds after `logged` log entries: arguments, its state, a model card."""
    state = Companion("trainer_state.json", 640 + 168 * logged)
    return Companion("training_args.bin", ARGUMENTS_BYTES), state, Companion("README.md", CARD_BYTES)
