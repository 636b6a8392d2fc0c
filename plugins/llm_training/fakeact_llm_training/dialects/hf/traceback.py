"""Tracebacks out of the Trainer of transformers 5.24.0 (accelerate 1.15.0), by what broke in it."""

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.tools.torchrun import Launcher, release
from fakeact_llm_training.tools.traceback import WORKER_DIED, Frame

SCRIPT = "train.py"
_TRAINER = "transformers/trainer.py"
_GATHER = "accelerate/utils/operations.py"


_TO_LOOP = (
    Frame(SCRIPT, 214, "<module>", "main()"),
    Frame(
        SCRIPT, 196, "main", "train_result = trainer.train(resume_from_checkpoint=checkpoint)",
        "trainer.train(resume_from_checkpoint=checkpoint)",
    ),
    Frame(_TRAINER, 1576, "train", "return inner_training_loop(", "inner_training_loop("),
    Frame(_TRAINER, 1660, "_inner_training_loop", "self._run_epoch("),
)  # fmt: skip
_SYNCHRONISES = Frame(
    _TRAINER, 1922, "_run_epoch", "and (torch.isnan(tr_loss_step) or torch.isinf(tr_loss_step))",
    "torch.isnan(tr_loss_step)",
)  # fmt: skip
_BATCHES = Frame(
    _TRAINER, 1881, "_run_epoch",
    "batch_samples, num_items_in_batch = self.get_batch_samples(epoch_iterator, num_batches, self.args.device)",
    "self.get_batch_samples(epoch_iterator, num_batches, self.args.device)",
)  # fmt: skip
_NEXT = Frame(_TRAINER, 2299, "get_batch_samples", "batch_samples.append(next(epoch_iterator))", "next(epoch_iterator)")
_PREFETCH = Frame(
    "accelerate/data_loader.py", 598, "__iter__", "next_batch = next(dataloader_iter)", "next(dataloader_iter)"
)
_ITEMS = (
    Frame(
        _TRAINER, 2303, "get_batch_samples",
        "num_items_in_batch = self._get_num_items_in_batch(batch_samples, device)",
        "self._get_num_items_in_batch(batch_samples, device)",
    ),
    Frame(
        _TRAINER, 2350, "_get_num_items_in_batch",
        "num_items_in_batch = self.accelerator.gather(num_items_in_batch.to(device)).sum()",
        "self.accelerator.gather(num_items_in_batch.to(device))",
    ),
    Frame("accelerate/accelerator.py", 3107, "gather", "return gather(tensor)", "gather(tensor)"),
    Frame(_GATHER, 378, "wrapper", "return function(*args, **kwargs)", "function(*args, **kwargs)"),
    Frame(_GATHER, 439, "gather", "return _gpu_gather(tensor)", "_gpu_gather(tensor)"),
    Frame(
        _GATHER, 358, "_gpu_gather",
        "return recursively_apply(_gpu_gather_one, tensor, error_on_other_type=True)",
        "recursively_apply(_gpu_gather_one, tensor, error_on_other_type=True)",
    ),
    Frame(
        _GATHER, 127, "recursively_apply", "return func(data, *args, **kwargs)", "func(data, *args, **kwargs)"
    ),
    Frame(_GATHER, 348, "_gpu_gather_one", "gather_op(output_tensors, tensor)"),
    Frame(
        "torch/distributed/c10d_logger.py", 81, "wrapper", "return func(*args, **kwargs)", "func(*args, **kwargs)"
    ),
)  # fmt: skip
# In torch 2.6.0, 2.7.1, 2.8.0 and 2.9.1: all_gather_into_tensor, and the data loader's next and fetch.
_LINES = {"2.6": (3798, 708, 764), "2.7": (3836, 733, 789), "2.8": (3986, 734, 790), "2.9": (4049, 732, 788)}


def frames(broken: Broken, launcher: Launcher) -> list[Frame]:
    """Where a rank is when something breaks, from the script on."""
    return [*_TO_LOOP, *_where(broken, launcher)]


def _where(broken: Broken, launcher: Launcher) -> list[Frame]:
    """The frames below the epoch."""
    gather, following, fetch = _LINES[release(launcher.torch)]
    if broken == "nccl":
        code = "work = group._allgather_base(output_tensor, input_tensor, opts)"
        inner = Frame("torch/distributed/distributed_c10d.py", gather, "all_gather_into_tensor", code, code[7:])
        return [_BATCHES, *_ITEMS, inner]
    if broken == "stale_file":
        return [_BATCHES, _NEXT, _PREFETCH, *_fetching(following, fetch)]
    # The loader's handler interrupts whatever goes on: nearly always this first line that waits for the GPU.
    return [_SYNCHRONISES, WORKER_DIED] if broken == "loader_worker" else [_SYNCHRONISES]


def _fetching(following: int, fetch: int) -> list[Frame]:
    loader = "torch/utils/data/dataloader.py"
    items = "data = [self.dataset[idx] for idx in possibly_batched_index]"
    return [
        Frame(loader, following, "__next__", "data = self._next_data()", "self._next_data()"),
        Frame(
            loader, fetch, "_next_data", "data = self._dataset_fetcher.fetch(index)  # may raise StopIteration",
            "self._dataset_fetcher.fetch(index)",
        ),
        Frame("torch/utils/data/_utils/fetch.py", 52, "fetch", items, items[7:]),
        Frame(
            SCRIPT, 71, "__getitem__", "self.file.readinto(buffer)"
        ),
    ]  # fmt: skip
