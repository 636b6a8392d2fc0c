"""Behind the training: the script saves the model, tells its metrics and evaluates, as transformers' examples do."""

import math
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.hf.metrics import block, speed, total_flos
from fakeact_llm_training.export import scripted_evaluation
from fakeact_llm_training.tools.tqdm import Bar

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.hf import Speaker
    from fakeact_llm_training.dialects.hf.saving import Saving
    from fakeact_llm_training.sim import events as ev

REDRAW_MS = 100


class Ending:
    """From the Trainer's last words to those of the script."""

    def __init__(self, speaker: "Speaker", saving: "Saving") -> None:
        self._speaker, self._saving = speaker, saving
        self._io, self._log, self._run = speaker.io, speaker.log, speaker.scenario
        self.evaluated: ev.ValidationDone | None = None

    async def play(self, at: float, seconds: float, loss: float) -> None:
        """Training is over at `at`, after so many seconds, with a mean loss of all its steps."""
        speaker, run, step = self._speaker, self._run, self._speaker.run.step
        await self._log.tell("trainer.py", 2003, f"\n\n{COMPLETED}\n\n")
        figures = speed("train", seconds, speaker.trained_on, run.total_steps)
        figures |= {"total_flos": total_flos(run, step), "train_loss": loss}
        await speaker.write(figures, step, at)
        best = await self._saving.load_best()
        await speaker.bars.close(speaker.elapsed)
        await self._saving.save_model()
        figures |= {"epoch": speaker.epoch(step), "train_samples": speaker.examples}
        await self._block("train", figures)
        # What is evaluated again has to be what was evaluated last: these weights, or the best ones.
        if self.evaluated and (best or self.evaluated.step == step):
            await self._evaluate(self.evaluated, best or self.evaluated.loss)
        speaker.faults.over()
        await scripted_evaluation(self._io, run, step, run.site.paths.output, speaker.dice)

    async def _block(self, split: str, figures: dict[str, float]) -> None:
        for line in block(split, figures):
            await self._log.plain(line)

    async def _evaluate(self, before: "ev.ValidationDone", loss: float) -> None:
        await self._log.script("*** Evaluate ***")
        await self._speaker.announce_evaluation(self._speaker.held_out)
        seconds = before.seconds * self._speaker.dice.uniform(0.985, 1.01)
        await self._run_through(before.batches, seconds)
        figures = {"eval_loss": loss, **speed("eval", seconds, self._speaker.held_out, before.batches)}
        figures |= {"epoch": self._speaker.epoch(self._speaker.run.step), "eval_samples": self._speaker.held_out}
        await self._block("eval", figures | {"perplexity": math.exp(loss)})

    async def _run_through(self, batches: int, seconds: float) -> None:
        """Batch after batch; the bar comes into being with the first, and stays."""
        began, each = self._speaker.elapsed, seconds / batches
        await self._io.csleep(1000 * each)
        bar = Bar(batches, began + each)
        async with self._io.live(keep=True) as live:
            while (elapsed := self._speaker.elapsed - began) < seconds:
                for batch in range(bar.done + 1, int(elapsed / each) + 1):
                    bar.update(batch, began + batch * each)
                await live.show(bar.row(self._speaker.bars.columns))
                await self._io.csleep(min(REDRAW_MS, 1000 * (seconds - elapsed) + 0.001))
            bar.update(batches, self._speaker.elapsed)
            await live.show(bar.closed(self._speaker.elapsed, self._speaker.bars.columns))


COMPLETED = "Training completed. Do not forget to share your model on huggingface.co/models =)"
