"""Hugging Face's Trainer: transformers 5.24 with its tqdm bars, started by torchrun."""

from typing import TYPE_CHECKING

from fakeact import IO
from fakeact_llm_training.dialects.base import Dialect
from fakeact_llm_training.dialects.hf.bars import Bars
from fakeact_llm_training.dialects.hf.ending import Ending
from fakeact_llm_training.dialects.hf.faults import Faults
from fakeact_llm_training.dialects.hf.log import Log
from fakeact_llm_training.dialects.hf.metrics import shown, speed
from fakeact_llm_training.dialects.hf.saving import Saving
from fakeact_llm_training.dialects.hf.startup import StartUp
from fakeact_llm_training.sim.startup import Startup
from fakeact_llm_training.tools import slurm

if TYPE_CHECKING:
    from fakeact_llm_training.sim import events as ev
    from fakeact_llm_training.sim import fault_events as faults


class Speaker(Dialect):
    """``{'loss': '1.234', ...}`` in ten steps, a bar below, and transformers' log at level info."""

    def __init__(self, io: IO, startup: Startup) -> None:
        super().__init__(io, startup)
        self.bars = Bars(io)
        self.log = Log(io, self.bars)
        self.faults, self._saving = Faults(self), Saving(self)
        self._ending = Ending(self, self._saving)
        self._began = self._loss_sum = 0.0
        self._losses: list[float] = []
        self._evaluation: ev.ValidationStarted | None = None
        self.resumes_from = self.checkpoint(self.scenario.start_step) if self.scenario.start_step else ""

    # What the parts of the dialect ask for
    @property
    def examples(self) -> int:
        """Sequences in the training set."""
        return self.scenario.train_samples

    @property
    def trained_on(self) -> int:
        """Sequences of all epochs, or of all steps where those were given, as the Trainer counts them."""
        run = self.scenario
        return run.total_steps * run.global_batch if run.data.max_steps else self.examples * run.epochs

    def epoch(self, step: int) -> float:
        """Epochs after a step, in micro-batches: the last step of an epoch may have fewer of them."""
        run = self.scenario
        batches = -(-self.examples // (run.micro_batch * run.dp))
        epochs, rest = divmod(step, run.steps_per_epoch)
        return epochs + rest * run.grad_accum / batches

    @property
    def held_out(self) -> int:
        """Sequences that are evaluated on."""
        return self.scenario.validation_samples

    @property
    def folder(self) -> str:
        """Where the script is."""
        return self.scenario.site.paths.folder

    def checkpoint(self, step: int) -> str:
        """The directory of the checkpoint after `step` steps."""
        return f"{self.scenario.site.paths.output}/checkpoint-{step}"

    def begin_training(self, at: float) -> None:
        """The Trainer's clock and its bar begin `at` seconds after the launch."""
        self._began, self._loss_sum = at, 0.0
        self._losses.clear()
        self.bars.begin(self.scenario.total_steps, at)

    # From launch to the first step
    async def start(self) -> None:
        start_up = StartUp(self, self.startup.phases, 0.0, self.scenario.start_step)
        await start_up.script()
        self.load_simulation()
        await start_up.launch()
        await start_up.play()

    async def on_Restarted(self, event: "faults.Restarted") -> None:  # noqa: N802 - named after the event
        last, scenario = self.run.last_checkpoint, self.scenario
        step = int(last.rpartition("-")[2]) if last else scenario.start_step
        self.resumes_from = self.checkpoint(step) if step else ""
        start_up = StartUp(self, event.phases, self.since_launch(event.at), step)
        if event.requeued:
            await start_up.script()
        await start_up.launch(anew=event.requeued)
        await start_up.play()

    def rows(self) -> list[str]:
        if self._evaluation and self.run.phase == "validation":
            event = self._evaluation
            began, each = self.since_launch(event.at), event.seconds / event.batches
            self.bars.evaluated(self.run.validation_batch, event.batches, began, each)
        return self.bars.rows()

    # Steps and what is between them
    async def on_StepDone(self, event: "ev.StepDone") -> None:  # noqa: N802
        self._losses.append(event.loss)
        self.bars.step(event.step, self.since_launch(event.at))
        if event.step % self.scenario.log_interval == 0:
            total = sum(self._losses)
            figures = {
                "loss": total / len(self._losses),
                "grad_norm": event.grad_norm,
                # The schedule counts updates from 0: the first step is taken with the rate of none.
                "learning_rate": self.scenario.schedule.learning_rate(event.step - 1),
            }
            self._loss_sum += total
            self._losses.clear()
            await self.write(figures, event.step, event.at)

    async def write(self, figures: dict[str, float], step: int, at: float) -> None:
        """A dictionary by way of tqdm."""
        await self.log.write(shown(figures | {"epoch": self.epoch(step)}))
        self.bars.written(self.since_launch(at))

    async def on_ValidationStarted(self, event: "ev.ValidationStarted") -> None:  # noqa: N802
        self._evaluation = event
        await self.announce_evaluation(self.held_out)

    async def announce_evaluation(self, samples: int) -> None:
        """The Trainer's words before an evaluation."""
        await self.log.tell("trainer.py", 2957, "\n***** Running Evaluation *****")
        await self.log.tell("trainer.py", 2959, f"  Num examples = {samples}")
        await self.log.tell("trainer.py", 2962, f"  Batch size = {self.scenario.micro_batch}")

    async def on_ValidationDone(self, event: "ev.ValidationDone") -> None:  # noqa: N802
        if not self.io.motion:
            await self.bars.last_of_evaluation(event.batches, self.since_launch(event.at), event.seconds)
        self._evaluation, self.bars.evaluation = None, None
        figures = {"eval_loss": event.loss} | speed("eval", event.seconds, self.held_out, event.batches)
        await self.write(figures, event.step, event.at)
        self._saving.judge(event)
        self._ending.evaluated = event

    async def on_CheckpointStarted(self, event: "ev.CheckpointStarted") -> None:  # noqa: N802
        await self._saving.save(event)

    # Faults
    async def by_worker(self, rank: int, line: str) -> None:  # noqa: ARG002
        await self.log.plain(line)

    async def by_launcher(self, node: int, line: str) -> None:  # noqa: ARG002
        await self.log.plain(line)

    async def by_scheduler(self, line: str) -> None:
        await self.log.plain(line)

    async def on_Teardown(self, event: "faults.Teardown") -> None:  # noqa: N802
        await super().on_Teardown(event)
        self._evaluation = None
        self.bars.drop()

    # The end
    async def end(self, last: "ev.Event") -> None:
        reason = getattr(last, "reason", "")
        if reason == "restarts exhausted":
            await self.faults.give_up()
        elif reason == "time limit":
            job, host = self.scenario.site.job_id, self.run.host(0)
            await self.log.plain(slurm.cancelled(self.io.now(), job, host, "TIME LIMIT"))
            await self.faults.told_to_end(15)
        else:
            await self._finish(last.at)

    async def _finish(self, at: float) -> None:
        """The Trainer's clock stops; what the script does then."""
        # Only this process' losses are in the sum, but all steps are counted.
        loss = (self._loss_sum + sum(self._losses)) / self.run.step
        await self._ending.play(at, self.since_launch(at) - self._began, loss)
