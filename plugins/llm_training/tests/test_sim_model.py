"""Parameters, FLOPs and the catalogue they come from."""

import pytest
from fakeact_llm_training.catalogue import datasets, gpus, models, names, tokenizers
from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.model import (
    active_parameters,
    embedding_parameters,
    flops_per_token,
    non_embedding_parameters,
    parameter_table,
    total_parameters,
    undecayed_parameters,
    weight_bytes,
)

# What the Hub or the papers count, kept apart from the catalogue so that a slip there shows.
KNOWN = {
    "gpt2": 124_439_808,
    "gpt2-xl": 1_557_611_200,
    "pythia-6.9b": 6_857_302_016,
    "llama-2-7b": 6_738_415_616,
    "llama-2-70b": 68_976_648_192,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "mistral-7b": 7_241_732_096,
    "mixtral-8x7b": 46_702_792_704,
    "qwen3-235b-a22b": 235_093_634_560,
    "deepseek-v3": 671_026_419_200,
    "bloom-176b": 176_247_271_424,
    "tinyllama-1.1b": 1_100_048_384,
    "mpt-7b": 6_649_286_656,
    "gpt-neox-20b": 20_554_567_680,
}
BY_SLUG = {model.slug: model for model in models()}


@pytest.mark.parametrize("model", models(), ids=lambda model: model.slug)
def test_the_architecture_gives_the_published_parameter_count(model: Model) -> None:
    """What is computed from layers, widths and vocabulary is what its authors count."""
    assert total_parameters(model) == model.published
    assert sum(row.total for row in parameter_table(model)) == total_parameters(model)


@pytest.mark.parametrize("slug", KNOWN)
def test_known_counts(slug: str) -> None:
    """Well-known counts come out to the last digit."""
    assert total_parameters(BY_SLUG[slug]) == KNOWN[slug]


@pytest.mark.parametrize(
    ("slug", "active"),
    [("mixtral-8x7b", 12.88e9), ("qwen3-235b-a22b", 22.19e9), ("deepseek-v3", 37.55e9), ("qwen3-30b-a3b", 3.35e9)],
)
def test_mixtures_activate_what_their_names_say(slug: str, active: float) -> None:
    """Only the routed experts that a token is sent to count as active."""
    assert active_parameters(BY_SLUG[slug]) == pytest.approx(active, rel=1e-3)


def test_dense_models_are_all_active() -> None:
    """Without experts every parameter works on every token."""
    assert all(active_parameters(model) == total_parameters(model) for model in models() if not model.experts)


def test_flops_agree_with_torchtitan() -> None:
    """6,785 tokens/s are 39.73 % of 989 TFLOP/s for Llama 3 8B at 8,192, as torchtitan printed."""
    flops = flops_per_token(BY_SLUG["llama-3.1-8b"], 8192)
    assert flops == pytest.approx(57.914e9, rel=1e-4)
    assert 6785 * flops / 989e12 == pytest.approx(0.3973, abs=5e-5)


def test_a_tied_head_costs_flops_and_a_lookup_does_not() -> None:
    """GPT-2's matrix is stored once but multiplied with; its positions are only looked up."""
    gpt2 = BY_SLUG["gpt2"]
    attention = 12 * gpt2.layers * gpt2.hidden * 1024
    assert flops_per_token(gpt2, 1024) == 6 * (total_parameters(gpt2) - 1024 * 768) + attention


def test_parts_add_up() -> None:
    """Embeddings and the rest are the whole; biases and norms are few."""
    for model in models():
        assert embedding_parameters(model) + non_embedding_parameters(model) == total_parameters(model)
        assert 0 < undecayed_parameters(model) < 0.005 * total_parameters(model)
        assert weight_bytes(model) == 2 * total_parameters(model)


def test_decayed_parameters_of_gpt2() -> None:
    """As in nanoGPT's optimizer groups for GPT-2 124M: 124,318,464 decayed (1,024 positions), 121,344 not."""
    assert undecayed_parameters(BY_SLUG["gpt2"]) == 121_344


def test_the_catalogue_is_rich_and_its_keys_are_unique() -> None:
    """There are enough entries to draw from, and none hides another."""
    assert len(models()) >= 26
    assert len([corpus for corpus in datasets() if corpus.serious]) >= 20
    assert any(not corpus.serious for corpus in datasets())
    assert {gpu.slug: gpu.per_node for gpu in gpus()}["gb200"] == 4
    for keys in ([m.slug for m in models()], [g.slug for g in gpus()], [d.name for d in datasets()]):
        assert len(set(keys)) == len(keys)
    assert {corpus.tokenizer for corpus in datasets()} <= set(tokenizers())
    assert all(model.vocab >= model.tokenizer.vocab for model in models())


def test_heads_divide_and_widths_match() -> None:
    """Query heads come in whole groups; only models known for it have heads that do not fill the hidden size."""
    odd = {model.slug for model in models() if model.heads * model.head_dim != model.hidden}
    assert all(model.heads % model.kv_heads == 0 for model in models())
    assert odd <= {
        "gemma-2-9b", "gemma-2-27b", "mistral-nemo-12b", "qwen3-30b-a3b", "qwen3-32b", "qwen3-235b-a22b",
        "deepseek-v3",
    }  # fmt: skip


def test_names_are_harmless() -> None:
    """Domains are reserved ones, and bus addresses fill a node."""
    assert all(domain.endswith((".internal", ".example", ".test")) for domain in names().domains)
    assert all(len(ids) == gpu.per_node and len(set(ids)) == len(ids) for gpu in gpus() for ids in gpu.bus_ids)
