"""The Trainer's checkpoints: what it says while it writes one, and the best of them in the end."""

from typing import TYPE_CHECKING

from fakeact.widgets import tqdm_meter
from fakeact_llm_training.dialects.hf.metrics import single
from fakeact_llm_training.sim.shards import LIMITS, model_tensors, split
from fakeact_llm_training.tools.hub import split_line

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.hf import Speaker
    from fakeact_llm_training.sim import events as ev

SMALL_FILE, SPREAD = (0.004, 0.026), 0.35
"""Seconds until a small file is on a network mount, created, written and closed: a site's own (an estimate)."""
GATHERING = 0.3
"""Of a save's time, the share in which sharded weights come together in the first rank's memory (an estimate)."""
LIMIT = "50GB"
"""transformers' largest shard from 5.0 on."""


class Saving:
    """Checkpoints under a run's directory."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker, self._log, self._run = speaker, speaker.log, speaker.scenario
        self._best: tuple[int, float] | None = None
        self._saved: str | None = None
        self._shards = 0

    @property
    def _width(self) -> int:
        """Bytes of a parameter in the model's own files: fp32 weights are saved as they are."""
        return 4 if self._run.precision == "bf16-mixed" else 2

    @property
    def _gathering(self) -> float:
        return GATHERING if self._run.sharding in {"ZeRO-3", "FSDP"} else 0.0

    @property
    def _files(self) -> int:
        if not self._shards:
            # Tensors are counted with two bytes a number.
            self._shards = len(split(model_tensors(self._run.model), LIMITS[LIMIT] * 2 // self._width).shards)
        return self._shards

    def judge(self, event: "ev.ValidationDone") -> None:
        """A lower loss makes the checkpoint of this step the best, once it is saved."""
        if event.best:
            self._best = event.step, event.loss

    async def save(self, event: "ev.CheckpointStarted") -> None:
        """The model first, which takes its share of the time, then tokenizer and optimizer."""
        path = self._speaker.checkpoint(event.step)
        seconds = event.seconds * self._width / self._run.bytes_per_parameter
        await self._write(path, self._speaker.since_launch(event.at), seconds)
        if self._best and self._best[0] == event.step:
            self._saved = path

    async def save_model(self) -> None:
        """What the script keeps of the run: the model and its tokenizer, beside the checkpoints."""
        seconds = self._run.parameters * self._width / self._run.io_rate
        await self._write(self._run.site.paths.output, self._speaker.elapsed, seconds)

    async def _write(self, path: str, began: float, seconds: float) -> None:
        """The Trainer gathers the weights of a sharded model before it says that it saves them."""
        gathered = self._gathering * seconds
        await self._speaker.until(began + gathered)
        await self._log.tell("trainer.py", 4149, f"Saving model checkpoint to {path}")
        await self._file("configuration_utils.py", 786, f"Configuration saved in {path}/config.json")
        await self._file("configuration_utils.py", 941, f"Configuration saved in {path}/generation_config.json")
        await self._speaker.until(began + seconds)
        await self._weights_written(path, seconds - gathered)
        tokenizer = "tokenization_utils_base.py"
        if self._run.model.slug.startswith("qwen"):
            await self._file(tokenizer, 3417, f"chat template saved in {path}/chat_template.jinja")
        await self._file(tokenizer, 2154, f"tokenizer config file saved in {path}/tokenizer_config.json")

    async def _file(self, source: str, line: int, text: str) -> None:
        """A small file is there when the storage has it."""
        low, high = SMALL_FILE
        usual = low + (high - low) * (self._run.site.pid_seed % 101) / 100
        seconds = usual * self._speaker.dice.lognormvariate(0.0, SPREAD)
        await self._speaker.until(self._speaker.elapsed + seconds)
        await self._log.tell(source, line, text)

    async def _weights_written(self, path: str, seconds: float) -> None:
        files, columns = self._files, self._speaker.bars.columns
        bar = tqdm_meter(files, files, seconds, columns, "Writing model shards")
        await self._log.plain(bar)
        # Below the training bar tqdm has drawn it a row further down, too, where the log goes on without erasing.
        below = bar if columns and self._speaker.bars.training else ""
        name = f"{path}/model.safetensors"
        if files == 1:
            await self._log.tell("modeling_utils.py", 3639, f"Model weights saved in {name}", over=below)
        else:
            text = split_line(LIMIT, files, f"{name}.index.json")
            await self._log.tell("modeling_utils.py", 3646, text, over=below)

    async def load_best(self) -> float | None:
        """Whoever stops early goes back to the best checkpoint, if that has been saved; gives its loss."""
        run = self._run
        if not (run.patience and self._best and self._saved):
            return None
        score = single(self._best[1])
        await self._log.tell("trainer.py", 3745, f"Loading best model from {self._saved} (score: {score}).")
        if run.sharding.startswith("ZeRO"):
            await self._log.tell("deepspeed.py", 690, f"Attempting to resume from {self._saved}")
        await self._speaker.io.csleep(1000 * run.parameters * self._width / run.io_rate)
        return self._best[1]
