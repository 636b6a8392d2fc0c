"""What is seen of a fault: workers' last words, the launchers, the scheduler."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from fakeact_llm_training.tools import c10d, slurm, torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.nemo import Speaker
    from fakeact_llm_training.sim import fault_events as ev

SCRIPT = "pretrain.py"
WORKERS_END_MS = 95.0
"""How long workers take to go before the launcher says who failed, as measured with torch 2.9."""
_ASYNC = "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be "
_CUDA = (
    f"{_ASYNC}incorrect.",
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1",
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.",
    "",
)
_NCCL = "NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:94, remote process exited or there was a"


_CONNECTOR = "lightning/pytorch/trainer/connectors/logger_connector"
_APPLY = "lightning/fabric/utilities/apply_func.py"


class _Frame(NamedTuple):
    """A line of a file of NeMo's or Lightning's."""

    file: str
    line: int
    name: str
    code: str


# Read in nemo_toolkit 2.3.1 and lightning 2.4.0.
_TO_THE_LOOP = (
    _Frame("nemo/collections/llm/api.py", 171, "pretrain", "return train("),
    _Frame("nemo/collections/llm/api.py", 127, "train", "trainer.fit(model, data)"),
    _Frame("lightning/pytorch/trainer/trainer.py", 538, "fit", "call._call_and_handle_interrupt("),
    _Frame(
        "lightning/pytorch/trainer/call.py", 46, "_call_and_handle_interrupt",
        "return trainer.strategy.launcher.launch(trainer_fn, *args, trainer=trainer, **kwargs)",
    ),
    _Frame(
        "lightning/pytorch/strategies/launchers/subprocess_script.py", 105, "launch", "return function(*args, **kwargs)"
    ),
    _Frame("lightning/pytorch/trainer/trainer.py", 574, "_fit_impl", "self._run(model, ckpt_path=ckpt_path)"),
    _Frame("lightning/pytorch/trainer/trainer.py", 981, "_run", "results = self._run_stage()"),
    _Frame("lightning/pytorch/trainer/trainer.py", 1025, "_run_stage", "self.fit_loop.run()"),
    _Frame("lightning/pytorch/loops/fit_loop.py", 205, "run", "self.advance()"),
    _Frame("lightning/pytorch/loops/fit_loop.py", 363, "advance", "self.epoch_loop.run(self._data_fetcher)"),
    _Frame("lightning/pytorch/loops/training_epoch_loop.py", 140, "run", "self.advance(data_fetcher)"),
)  # fmt: skip
# A broken GPU or link shows where the step's loss is read for the progress line.
_READING_THE_LOSS = (
    _Frame(
        "lightning/pytorch/loops/training_epoch_loop.py", 269, "advance",
        'call._call_callback_hooks(trainer, "on_train_batch_end", batch_output, batch, batch_idx)',
    ),
    _Frame(
        "lightning/pytorch/trainer/call.py", 218, "_call_callback_hooks",
        "fn(trainer, trainer.lightning_module, *args, **kwargs)",
    ),
    _Frame(
        "nemo/lightning/pytorch/callbacks/progress_printer.py", 130, "on_train_batch_end",
        "metrics = self.get_metrics(trainer, pl_module)",
    ),
    _Frame(
        "lightning/pytorch/callbacks/progress/progress_bar.py", 198, "get_metrics",
        "pbar_metrics = trainer.progress_bar_metrics",
    ),
    _Frame(
        "lightning/pytorch/trainer/trainer.py", 1635, "progress_bar_metrics",
        "return self._logger_connector.progress_bar_metrics",
    ),
    _Frame(f"{_CONNECTOR}/logger_connector.py", 253, "progress_bar_metrics", 'metrics = self.metrics["pbar"]'),
    _Frame(f"{_CONNECTOR}/logger_connector.py", 234, "metrics", "return self.trainer._results.metrics(on_step)"),
    _Frame(
        f"{_CONNECTOR}/result.py", 490, "metrics", 'metrics["pbar"][forked_name] = convert_tensors_to_scalars(value)'
    ),
    _Frame(_APPLY, 136, "convert_tensors_to_scalars", "return apply_to_collection(data, Tensor, to_item)"),
    _Frame(
        "lightning_utilities/core/apply_func.py", 64, "apply_to_collection", "return function(data, *args, **kwargs)"
    ),
    _Frame(_APPLY, 134, "to_item", "return value.item()"),
)  # fmt: skip
_READING_DATA = (
    _Frame("lightning/pytorch/loops/training_epoch_loop.py", 212, "advance", "batch, _, __ = next(data_fetcher)"),
    _Frame("lightning/pytorch/loops/fetchers.py", 133, "__next__", "batch = super().__next__()"),
    _Frame("lightning/pytorch/loops/fetchers.py", 60, "__next__", "batch = next(self.iterator)"),
)


class Faults:
    """The story of one fault, from the cause to the end of all processes."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker = speaker
        self._fault: ev.Fault | None = None
        self._hangs: dict[int, c10d.Hang] = {}
        self._failed: list[ev.RankFailed] = []

    async def begin(self, fault: "ev.Fault") -> None:
        """The cause itself is silent, unless it is the scheduler."""
        self._fault = fault
        self._hangs.clear()
        self._failed.clear()
        if fault.kind == "preemption":
            await self._cancelled(fault.at, "PREEMPTION")

    async def _cancelled(self, at: float, reason: str) -> None:
        speaker = self._speaker
        when, job = speaker.moment(at), speaker.scenario.site.job_id
        await speaker.log.plain(slurm.cancelled(when, job, speaker.run.host(0), reason))

    async def timed_out(self, event: "ev.WatchdogTimeout") -> None:
        """A rank's watchdog speaks."""
        hang = c10d.Hang(
            event.rank, event.pid, event.seq, event.op, event.numel_in, event.numel_out, event.timeout_ms, event.ran_ms,
            event.last_enqueued, event.last_completed, event.group, event.group_name,
        )  # fmt: skip
        first = not self._hangs
        self._hangs[event.rank] = hang
        moment, torch = self._speaker.moment(event.at), self._speaker.scenario.site.versions.torch
        for line in c10d.timed_out(moment, torch, hang, first=first):
            await self._speaker.log.worker(event.rank, line)

    async def failed(self, event: "ev.RankFailed") -> None:
        """A worker's last words; one that is killed has none."""
        self._failed.append(event)
        for line in self._last_words(event):
            await self._speaker.log.worker(event.rank, line)

    def _last_words(self, event: "ev.RankFailed") -> Iterator[str]:
        launcher = self._speaker.launcher(event.rank // self._speaker.scenario.gpus_per_node)
        if event.error == "watchdog" and event.rank in self._hangs:
            yield from c10d.aborted(self._speaker.moment(event.at), launcher, self._hangs[event.rank])
        elif event.exitcode == 1 and self._fault:
            # torch says at the beginning of each line of a traceback whose it is.
            yield from (f"[rank{event.rank}]: {line}" for line in self._traceback(event, self._fault, launcher))

    def _traceback(self, event: "ev.RankFailed", fault: "ev.Fault", launcher: torchrun.Launcher) -> Iterator[str]:
        script = f"{self._speaker.scenario.site.paths.output}/{SCRIPT}"
        data = event.error in {"stale_file", "loader_worker"}
        yield "Traceback (most recent call last):"
        yield f'  File "{script}", line 96, in <module>'
        yield "    llm.pretrain(model=model, data=data, trainer=trainer, log=log, resume=resume, optim=optim)"
        for frame in (*_TO_THE_LOOP, *(_READING_DATA if data else _READING_THE_LOSS)):
            yield f'  File "{launcher.packages}/{frame.file}", line {frame.line}, in {frame.name}'
            yield f"    {frame.code}"
        yield from self._error(event, fault, launcher)

    def _error(self, event: "ev.RankFailed", fault: "ev.Fault", launcher: torchrun.Launcher) -> tuple[str, ...]:
        # torch 2.8 gave CUDA's errors a class of their own.
        kind = "torch.AcceleratorError" if torchrun.release(launcher.torch) >= "2.8" else "RuntimeError"
        if event.error == "ecc":
            return (f"{kind}: CUDA error: uncorrectable ECC error encountered", *_CUDA)
        if event.error == "launch":
            return (f"{kind}: CUDA error: unspecified launch failure", *_CUDA)
        if event.error == "stale_file":
            return (f"OSError: [Errno 116] Stale file handle: '{fault.path}'",)
        if event.error == "loader_worker":
            return (f"RuntimeError: DataLoader worker (pid {fault.worker_pid}) is killed by signal: Killed. ",)
        version = self._speaker.scenario.site.versions.nccl.partition("+")[0]
        return (
            f"torch.distributed.DistBackendError: {_NCCL} network error, NCCL version {version}",
            "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.",
        )

    async def node_lost(self, event: "ev.NodeLost") -> None:
        """Slurm no longer hears of a node."""
        await self._speaker.log.plain(slurm.node_failed(event.host))
        await self._cancelled(event.at, "NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS")

    async def torn_down(self, event: "ev.Teardown") -> None:
        """A launcher ends its workers; the one whose worker failed says which."""
        speaker, launcher = self._speaker, self._speaker.launcher(event.node)
        seen, when = event.node * speaker.scenario.gpus_per_node, speaker.moment(event.at)
        if self._fault and self._fault.kind == "preemption":
            await speaker.log.worker(seen, torchrun.death_signal(when, launcher, event.signal))
        gone = {failed.pid for failed in self._failed}
        alive = [pid for pid in event.pids if pid not in gone]
        for line in torchrun.close_all(when, launcher, alive, event.signal):
            await speaker.log.worker(seen, line)
        own = next((failed for failed in self._failed if failed.host == event.host), None)
        if own:
            late = when + timedelta(milliseconds=WORKERS_END_MS)
            line = torchrun.failed(late, launcher, own.exitcode, own.local_rank, own.pid)
            await speaker.log.worker(seen, line)

    async def queued_again(self, event: "ev.Restarted") -> None:
        """The job waits for machines, if it has lost its own."""
        if event.requeued:
            for line in slurm.queued(self._speaker.scenario.site.job_id):
                await self._speaker.log.plain(line)

    async def give_up(self) -> None:
        """No attempts are left: the failing node's launcher ends with its report, and srun says so."""
        if not self._failed:
            return
        speaker, first = self._speaker, self._failed[0]
        domain, node = speaker.scenario.site.domain, first.rank // speaker.scenario.gpus_per_node
        own = [
            torchrun.Failure(speaker.moment(e.at), f"{e.host}.{domain}", e.rank, e.local_rank, e.pid, e.exitcode)
            for e in self._failed
            if e.host == first.host
        ]
        for line in torchrun.child_failed(speaker.launcher(node), SCRIPT, own):
            await speaker.log.worker(first.rank, line)
        await speaker.log.plain(slurm.task_exited(first.host, node, 1))

    async def interrupted(self) -> None:
        """Ctrl-C reaches rank 0, where Lightning has a word for it, and the launcher."""
        speaker, launcher, now = self._speaker, self._speaker.launcher(0), self._speaker.io.now()
        running = hasattr(speaker, "run")
        if running:
            await speaker.log.plain("")
            await speaker.log.plain("Detected KeyboardInterrupt, attempting graceful shutdown ...")
        await speaker.log.plain(torchrun.death_signal(now, launcher, 2))
        crew = speaker.run.pid if running else speaker.scenario.site.pid
        pids = [crew(rank) for rank in range(speaker.scenario.gpus_per_node)]
        for line in torchrun.close_all(now, launcher, pids, 2):
            await speaker.log.plain(line)
