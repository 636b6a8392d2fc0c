"""What transformers says while it saves."""

import random

from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.export import draw_export
from fakeact_llm_training.tools.hub import save_lines, training_completed


def lines(slug: str, **options: str) -> tuple[str, list[str]]:
    """The path of an export and all that is said."""
    export = draw_export(draw(random.Random(3), model=slug, gpus=8), random.Random(4), **options)  # type: ignore[arg-type]
    return export.path, list(save_lines(export))


def test_sharded_models_point_to_their_index() -> None:
    """Configuration, then the split, then the tokenizer, as transformers 4.57 logs them."""
    path, said = lines("llama-3.1-8b")
    split = (
        "The model is bigger than the maximum size per checkpoint (5GB) and is going to be split in 4 checkpoint "
        "shards. You can find where each parameters has been saved in the index located at "
        f"{path}/model.safetensors.index.json."
    )
    assert said == [
        f"Saving model checkpoint to {path}",
        f"Configuration saved in {path}/config.json",
        f"Configuration saved in {path}/generation_config.json",
        split,
        f"tokenizer config file saved in {path}/tokenizer_config.json",
        f"Special tokens file saved in {path}/special_tokens_map.json",
    ]


def test_version_five_splits_less_and_says_less() -> None:
    """With 50 GB a file an 8B model is one file, and the special tokens have none of their own."""
    path, said = lines("llama-3.1-8b", limit="50GB")
    assert f"Model weights saved in {path}/model.safetensors" in said
    assert not [line for line in said if "split in" in line or "Special tokens" in line]


def test_the_trainer_closes_between_blank_lines() -> None:
    """Its message has two line feeds on either side."""
    assert [bool(line) for line in training_completed()] == [False, False, True, False, False]
