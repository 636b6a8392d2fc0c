"""The export: tensors that are the model, files that are the Hub's to the byte, times that follow from sizes."""

import random
import tracemalloc
from functools import cache
from itertools import pairwise

import pytest
from fakeact_llm_training.catalogue import Model, models
from fakeact_llm_training.sim.companions import VOCABULARIES
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.export import Export, draw_export
from fakeact_llm_training.sim.model import total_parameters, weight_bytes
from fakeact_llm_training.sim.shards import LIMITS, grouped, header_bytes, model_tensors, split
from fakeact_llm_training.sim.tensors import Tensor

# As the Hub lists them: files in bf16 that transformers wrote with shards of at most 5 GB.
ON_THE_HUB = {
    "llama-3.1-8b": [4976698672, 4999802720, 4915916176, 1168138808],
    "mistral-7b": [4943162336, 4999819336, 4540516344],
}


def named(slug: str) -> Model:
    """The catalogue's model of that slug."""
    return next(model for model in models() if model.slug == slug)


@cache
def export_of(slug: str, gpus: int = 16) -> Export:
    """An export with fixed dice."""
    return draw_export(draw(random.Random(3), model=slug, gpus=gpus), random.Random(4))


@pytest.mark.parametrize("model", models(), ids=lambda model: model.slug)
def test_tensors_are_the_model(model: Model) -> None:
    """Every model's tensors have names of their own and add up to its parameters, hence to its bytes."""
    tensors = list(model_tensors(model))
    assert sum(tensor.parameters for tensor in tensors) == total_parameters(model)
    assert sum(tensor.bytes for tensor in tensors) == weight_bytes(model)
    assert len({tensor.name for tensor in tensors}) == len(tensors)


@pytest.mark.parametrize(
    ("slug", "name", "shape"),
    [
        ("llama-3.1-8b", "model.layers.31.self_attn.k_proj.weight", (1024, 4096)),
        ("qwen2.5-7b", "model.layers.0.self_attn.v_proj.bias", (512,)),
        ("qwen3-8b", "model.layers.0.self_attn.q_norm.weight", (128,)),
        ("olmo-2-7b", "model.layers.0.post_feedforward_layernorm.weight", (4096,)),
        ("gemma-2-9b", "model.layers.41.pre_feedforward_layernorm.weight", (3584,)),
        ("mixtral-8x7b", "model.layers.0.block_sparse_moe.experts.7.w2.weight", (4096, 14336)),
        ("qwen3-30b-a3b", "model.layers.47.mlp.experts.127.down_proj.weight", (2048, 768)),
        ("deepseek-v3", "model.layers.3.mlp.gate.e_score_correction_bias", (256,)),
        ("deepseek-v3", "model.layers.2.mlp.up_proj.weight", (18432, 7168)),
        ("deepseek-v3", "model.layers.60.self_attn.kv_a_proj_with_mqa.weight", (576, 7168)),
        ("gpt2", "transformer.h.11.attn.c_attn.weight", (768, 2304)),
        ("pythia-1.4b", "gpt_neox.layers.0.attention.query_key_value.bias", (6144,)),
        ("phi-2", "lm_head.bias", (51200,)),
        ("opt-6.7b", "model.decoder.embed_positions.weight", (2050, 4096)),
        ("bloom-7b1", "transformer.word_embeddings_layernorm.bias", (4096,)),
        ("mpt-7b", "transformer.blocks.0.attn.Wqkv.weight", (12288, 4096)),
    ],
)
def test_tensors_are_called_as_on_the_hub(slug: str, name: str, shape: tuple[int, ...]) -> None:
    """A tensor of each architecture has the name and shape of its published file."""
    assert Tensor(name, shape) in model_tensors(named(slug))


def test_tied_heads_are_not_written() -> None:
    """A model has a head of its own exactly if its embeddings are not tied."""
    for model in models():
        has_head = any(tensor.name.startswith(("lm_head", "embed_out")) for tensor in model_tensors(model))
        assert has_head is not model.tied_embeddings, model.slug


@pytest.mark.parametrize("slug", ON_THE_HUB)
def test_files_are_the_hub_s_to_the_byte(slug: str) -> None:
    """Shards with their headers are as large as the published ones."""
    plan = split(model_tensors(named(slug)), LIMITS["5GB"])
    assert [shard.bytes for shard in plan.shards] == ON_THE_HUB[slug]


def test_eight_billion_parameters_make_four_shards() -> None:
    """Llama 3.1 8B gives 4.98, 5.00, 4.92 and 1.17 GB, numbered from 1."""
    shards = split(model_tensors(named("llama-3.1-8b")), LIMITS["5GB"]).shards
    assert [f"{shard.bytes / 1e9:.2f}" for shard in shards] == ["4.98", "5.00", "4.92", "1.17"]
    assert [shard.name for shard in shards] == [f"model-0000{i}-of-00004.safetensors" for i in range(1, 5)]


def test_large_models_have_the_published_number_of_shards() -> None:
    """Llama 3.1 70B has 30 files, 405B 191."""
    counts = [len(split(model_tensors(named(f"llama-3.1-{size}b")), LIMITS["5GB"]).shards) for size in (70, 405)]
    assert counts == [30, 191]


def test_one_file_has_no_number_and_no_index() -> None:
    """What fits into one file is called model.safetensors."""
    plan = split(model_tensors(named("gpt2")), LIMITS["5GB"])
    assert [shard.name for shard in plan.shards] == ["model.safetensors"]
    assert not plan.is_sharded
    assert "model.safetensors.index.json" not in {file.name for file in export_of("gpt2", 8).files}


def test_a_tensor_above_the_limit_comes_before_the_file_in_the_making() -> None:
    """The splitter's quirk: a giant goes out at once, the tensors before it later."""
    tensors = [Tensor("a", (2,)), Tensor("giant", (100,)), Tensor("b", (3,)), Tensor("c", (6,))]
    assert [[tensor.name for tensor in group] for group in grouped(tensors, 20)] == [["giant"], ["a", "b"], ["c"]]
    assert split(tensors, 20).total_bytes == 222


def test_headers_are_filled_up_to_eight_bytes() -> None:
    """A header lists tensors by name; the example's was read from a file of safetensors 0.8."""
    text = '{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}'
    text += ',"b":{"dtype":"BF16","shape":[2,5],"data_offsets":[6,26]}}'
    assert header_bytes([Tensor("b", (2, 5)), Tensor("a", (3,))]) == len(text) + -len(text) % 8


def test_splits_are_huggingface_hub_s() -> None:
    """Random tensor lists go into the same files as huggingface_hub puts them."""
    base = pytest.importorskip("huggingface_hub.serialization._base", reason="huggingface_hub is not installed")
    dice = random.Random(5)
    for _ in range(300):
        tensors = [Tensor(f"t{i}", (dice.choice([1, 5, 50, 400]), dice.randint(1, 9))) for i in range(20)]
        theirs = base.split_state_dict_into_shards_factory(
            {tensor.name: tensor for tensor in tensors},
            get_storage_size=lambda tensor: tensor.bytes,
            filename_pattern="model{suffix}.safetensors",
            max_shard_size=(limit := dice.choice([100, 1000, 5000])),
        )
        assert files(tensors, limit) == theirs.filename_to_tensors


def files(tensors: list[Tensor], limit: int) -> dict[str, list[str]]:
    """Tensors' names by file."""
    shards = split(tensors, limit).shards
    groups = grouped(tensors, limit)
    return {shard.name: [tensor.name for tensor in group] for shard, group in zip(shards, groups, strict=True)}


def test_files_follow_one_another() -> None:
    """The first is written when the weights are converted, each later one when the one before it is complete."""
    export = export_of("llama-3.1-8b")
    assert export.files[0].begins == pytest.approx(export.gather_seconds + export.convert_seconds)
    for one, other in pairwise(export.files):
        assert other.begins == pytest.approx(one.ends)
    assert export.seconds == export.files[-1].ends


def test_one_process_writes_at_its_rate() -> None:
    """Shards are written at about 0.6 of what a node can, whatever the number of nodes."""
    for gpus in (8, 64, 256):
        scenario = draw(random.Random(3), model="llama-3.1-8b", gpus=gpus)
        export = draw_export(scenario, random.Random(1))
        for file in export.weights[:-1]:
            assert 0.8 < file.rate / (0.6 * scenario.io_per_node) < 1.15


def test_what_is_gathered_fits_the_precision() -> None:
    """fp32 master weights are gathered and converted, 16-bit ones leave as they are."""
    for seed in range(12):
        scenario = draw(random.Random(seed), model="llama-3.1-8b", gpus=32)
        export = draw_export(scenario, random.Random(1))
        width = 4 if scenario.precision == "bf16-mixed" else 2
        assert export.gathered_bytes == scenario.parameters * width
        assert (export.convert_seconds > 0) == (width == 4)
        assert export.gathered_bytes / export.gather_seconds <= 8e9


def test_progress_runs_from_nothing_to_all() -> None:
    """Bytes grow with time, reach the files' sum at the end, and phases come in order."""
    export = export_of("llama-3.1-8b")
    times = [export.seconds * i / 200 for i in range(201)]
    assert [*dict.fromkeys(map(export.phase, times))] == ["gather", "convert", "write"]
    for progress, total in ((export.written, export.bytes), (export.gathered, export.gathered_bytes)):
        course = [progress(time) for time in times]
        assert course == sorted(course)
        assert (course[0], course[-1]) == (0, total)
    middle = export.weights[1]
    assert export.writing(middle.begins + middle.seconds / 2) is middle
    assert export.writing(0.0) is None
    assert export.writing(export.seconds) is None


def test_companions_follow_the_version_and_the_trainer() -> None:
    """Version 4 of transformers writes what 5 has given up; only the Trainer leaves its arguments and state."""
    plain = {file.name for file in export_of("gpt2", 8).files}
    assert {"config.json", "tokenizer.json", "special_tokens_map.json", "merges.txt"} <= plain
    assert "training_args.bin" not in plain
    scenario = draw(random.Random(3), model="gpt2", gpus=8)
    newer = {file.name for file in draw_export(scenario, random.Random(1), limit="50GB").files}
    assert plain - newer == {"special_tokens_map.json", "vocab.json", "merges.txt"}


def test_every_tokenizer_has_files() -> None:
    """A model's tokenizer.json grows with its vocabulary: 60 to 150 bytes an entry."""
    for model in models():
        assert 60 < VOCABULARIES[model.tokenizer.key].entry < 150


def test_same_dice_same_export() -> None:
    """An export follows from scenario and rng."""
    scenario = draw(random.Random(3), model="qwen3-8b", gpus=16)
    assert draw_export(scenario, random.Random(7)).files == draw_export(scenario, random.Random(7)).files
    assert draw_export(scenario, random.Random(7)).files != draw_export(scenario, random.Random(8)).files


def test_a_large_model_is_split_without_being_listed() -> None:
    """Qwen 3 235B's 36,945 tensors are counted and put into files with little more memory than one file's take."""
    tracemalloc.start()
    split(model_tensors(named("qwen3-235b-a22b")), LIMITS["5GB"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400_000
