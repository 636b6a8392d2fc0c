"""Megatron's dialect: the form of its lines, a reader with a calculator, every size and moment."""

import random
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache

import pytest
from fakeact_llm_training.catalogue import models
from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.dialects.megatron import Speaker, arguments, figures, lines, weights
from fakeact_llm_training.dialects.megatron.flags import flags
from fakeact_llm_training.dialects.megatron.interval import Interval
from fakeact_llm_training.init import init
from fakeact_llm_training.loop import loop
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.events import StepDone
from fakeact_llm_training.sim.model import flops_per_token, total_parameters
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.startup import draw_startup
from fakeact_llm_training.tools import nccl, process_group

from fakeact import IO, Module
from fakeact.testing import Performance, perform

from . import checker_megatron as checker
from .runs import caught, first

SHORT = {"steps": 25, "epochs": 2, "gpus": 8}
WHEN = datetime(2026, 1, 30, 10, 45, 32, 123456)
HALF = {"gpus": 8, "gpu": "a100-80g", "model": "pythia-160m", "steps": 40, "epochs": 1}
"""A run that is in fp16 for this seed."""
HALF_SEED = 1
BAR = re.compile("Converting to HuggingFace|Running (?:loglikelihood|generate_until) requests")
"""Rows that are as long as a terminal is wide."""


def module(**wishes: object) -> Module:
    """A show that speaks this dialect, whatever it is asked for."""

    async def play(io: IO, rng: random.Random) -> None:
        scenario = draw(rng, dialect="megatron", **wishes)  # type: ignore[arg-type]
        speaker = Speaker(io, draw_startup(scenario, rng))
        run = await init(io, speaker, rng)
        await speaker.end(await loop(io, run, speaker))

    return Module("megatron", "./pretrain_gpt.sh", play)


def show(seed: int, seconds: float = 7200, **wishes: object) -> Performance:
    """A whole run on a terminal."""
    return perform(module(**wishes), seed=seed, seconds=seconds)


@cache
def log(seed: int, *, faults: str = "none", **wishes: object) -> tuple[str, ...]:
    """A whole run's printed lines, as in a pipe."""
    played = perform(module(faults=faults, **wishes), seed=seed, seconds=7200, motion=False, color=False)
    assert (played.error, played.ended) == (None, "finished")
    return tuple(played.raw.splitlines())


def model(slug: str) -> Model:
    """A model of the catalogue."""
    return next(one for one in models() if one.slug == slug)


def scenario(slug: str, tp: int = 1, pp: int = 1, dp: int = 1, ep: int = 1) -> Scenario:
    """A scenario with a layout of one's own; other figures do not matter."""
    drawn = draw(random.Random(1), dialect="megatron", model="gpt2", gpu="h100", gpus=8)
    how = drawn.layout.parallelism._replace(tp=tp, pp=pp, dp=dp, ep=ep)
    return drawn.__class__(**{**drawn.__dict__, "model": model(slug), "layout": drawn.layout._replace(parallelism=how)})


def step(number: int, *, skipped: bool = False) -> StepDone:
    """A step of one's own; figures that no line has are 0."""
    return StepDone(
        at=0.0, step=number, epoch=1, step_in_epoch=number, loss=10.0 - number, grad_norm=3.8741, clipped=False,
        learning_rate=0.0, step_time=0.8207, waited=0.0, tokens_per_second=0, mfu=0.0, tflops_per_gpu=0.0,
        memory_allocated=0.0, memory_reserved=0.0, memory_share=0.0, consumed_samples=16 * number,
        consumed_tokens=0, attempted_loss_scale=4096.0, loss_scale=2048.0, skipped=skipped, skipped_steps=int(skipped),
    )  # fmt: skip


def norm(run: Scenario) -> str:
    """A pattern of the norm of all parameters, for which some scripts ask."""
    return r" params norm: \d+\.\d{3} \|" if flags(run).params_norm else ""


# Forms
def test_a_training_line_has_megatrons_widths() -> None:
    """Leading blank, widths and separators are those of training_log; a mean over the interval's steps."""
    run = scenario("gpt2")
    interval = Interval(run)
    interval.add(step(9))
    interval.add(step(10))
    line = lines.training(WHEN, 10, 1000, interval)
    assert re.fullmatch(
        r" \[2026-01-30 10:45:32\.123456\] iteration       10/    1000 \| consumed samples:          160 \| "
        r"elapsed time per iteration \(ms\): 820\.7 \| throughput per GPU \(TFLOP/s/GPU\): \d+\.\d \| "
        r"learning rate: \d\.\d{6}E-\d\d \| "
        rf"global batch size: {run.global_batch:5d} \| lm loss: 5\.000000E-01 \| loss scale: 2048\.0 \| grad norm: "
        rf"3\.874 \|{norm(run)} number of skipped iterations:   0 \| number of nan iterations:   0 \|",
        line,
    )


def test_a_skipped_first_step_has_neither_loss_nor_norm() -> None:
    """As in public fp16 logs, whose first lines know no loss, and later ones without an update a loss of 0."""
    run = scenario("gpt2")
    interval = Interval(run)
    interval.add(step(1, skipped=True))
    without = rf"\d \| loss scale: 2048\.0 \|{norm(run)} number of skipped iterations:   1 \|"
    assert re.search(without, lines.training(WHEN, 1, 1000, interval))
    interval.add(step(2))
    interval.begin()
    interval.add(step(3, skipped=True))
    without = rf"\| lm loss: 0\.000000E\+00 \| loss scale: 2048\.0 \|{norm(run)} number of sk"
    assert re.search(without, lines.training(WHEN, 3, 1000, interval))


def test_timers_stand_in_their_column() -> None:
    """The lines of a public log of 2025, to the blank."""
    both = {"evaluate": (3.27473, 3.27473), "train/valid/test-data-iterators-setup": (0.11459, 0.11459)}
    assert lines.timers(both) == [
        "(min, max) time across ranks (ms):",
        "    evaluate .......................................: (3274.73, 3274.73)",
        "    train/valid/test-data-iterators-setup ..........: (114.59, 114.59)",
    ]  # fmt: skip


def test_a_validation_stands_between_rules() -> None:
    """The lines of a public log of 2025, with rules of 94 and 95 characters."""
    first, text, last = lines.validation("iteration 50", 8.889540, 7255.679)
    assert text == " validation loss at iteration 50 | lm loss value: 8.889540E+00 | lm loss PPL: 7.255679E+03 | "
    assert first == last == "-" * 94
    assert lines.validation("iteration 100", 7.4, 1634.0)[0] == "-" * 95


def test_arguments_are_listed_as_in_a_public_log() -> None:
    """Names, dots and values stand as they do there; names too long for the column have no dots."""
    rows = arguments.listing(scenario("gpt2"), 0)
    assert rows[0] == "------------------------ arguments ------------------------"
    assert rows[-1] == "-------------------- end of arguments ---------------------"
    assert "  accumulate_allreduce_grads_in_fp32 .............. True" in rows
    assert "  check_weight_hash_across_dp_replicas_interval ... None" in rows
    assert "  inference_dynamic_batching_prefix_caching_mamba_gb  None" in rows
    assert "  make_vocab_size_divisible_by .................... 128" in rows


def test_what_a_script_sets_is_an_argument() -> None:
    """Nothing is set that Megatron does not know."""
    run = scenario("deepseek-v3", ep=8, dp=8)
    assert arguments.chosen(run, 0).keys() <= arguments.defaults().keys()


# Figures
def test_a_shard_has_the_parameters_of_a_public_log() -> None:
    """GPT-2 with 512 positions has 124,082,688 there, with 18 bytes each in theory 2,121.85 MB."""
    run = scenario("gpt2")
    short = run.__class__(**{**run.__dict__, "model": run.model._replace(learned_positions=512)})
    assert figures.shard_parameters(short) == [124_082_688]
    expected = list(lines.theory(figures.theory(short), stages=1))
    assert expected[0] == "Number of parameters in transformer block in billions:  0.08"
    assert expected[3] == "Number of parameters in most loaded shard in billions: 0.1236"
    assert "weight and optimizer=2121.85 MB, " in expected[-2]


def test_vocabularies_are_padded_as_in_public_logs() -> None:
    """To 128 for each tensor-parallel rank: 47 dummies for GPT-2 on one rank, 431 on four."""
    assert figures.vocabulary(model("gpt2"), 1) == (50257, 50304)
    assert figures.vocabulary(model("gpt2"), 4).dummies == 431
    assert figures.vocabulary(model("llama-3.1-8b"), 1).dummies == 0


@pytest.mark.parametrize("slug", [one.slug for one in models()])
def test_one_rank_has_the_whole_model(slug: str) -> None:
    """On one rank a shard is the published model and the dummies of its vocabulary."""
    run = scenario(slug)
    words = figures.vocabulary(run.model, 1).padded - run.model.vocab
    rows = words * run.model.hidden * (1 if run.model.tied_embeddings else 2) + words * run.model.head_bias
    assert figures.shard_parameters(run) == [total_parameters(run.model) + rows]


@pytest.mark.parametrize(
    ("slug", "tp", "pp", "ep"),
    [
        ("gpt2-medium", 2, 2, 1),
        ("gpt3-175b", 8, 8, 1),
        ("llama-3.1-8b", 2, 4, 1),
        ("llama-3.1-405b", 8, 8, 1),
        ("qwen2.5-7b", 4, 2, 1),
        ("olmo-2-7b", 2, 2, 1),
        ("gemma-2-9b", 2, 1, 1),
        ("bloom-7b1", 2, 2, 1),
        ("mixtral-8x7b", 1, 2, 4),
        ("deepseek-v3", 1, 1, 64),
    ],
)
def test_buckets_hold_what_a_stage_has(slug: str, tp: int, pp: int, ep: int) -> None:
    """The parameters by name have as many elements as the stage reports, and every one is in one bucket."""
    run = scenario(slug, tp=tp, pp=pp, dp=ep, ep=ep)
    assert sum(map(len, figures.stage_layers(run))) == run.model.layers
    for stage, count in enumerate(figures.shard_parameters(run)):
        named = weights.weights(run, stage)
        assert sum(one.size for one in named) == count
        cut = weights.buckets(named, 8)
        assert [one for bucket in cut for one in bucket.weights] == named[::-1]
        assert all(bucket.padded % 128 == 0 and bucket.padded >= bucket.size for bucket in cut)


def test_flops_count_half_the_attention_square() -> None:
    """Without padding they are the usual ones less half of the attention's square."""
    llama = model("llama-3.1-8b")
    half = 6 * llama.layers * llama.heads * llama.head_dim * 8192
    assert figures.flops_per_token(llama, 8192, llama.vocab) == pytest.approx(
        flops_per_token(llama, 8192) - half, rel=1e-4
    )


def test_a_schedule_without_a_last_phase_is_the_runs() -> None:
    """Only warm-up, stable, decay has a phase of whole iterations."""
    run = draw(random.Random(3), dialect="megatron", gpus=8)
    for kind in ("cosine", "linear", "wsd"):
        schedule = run.schedule._replace(kind=kind, warmup=10, total=1010)
        for at in (1, 10, 500, 900, 1010):
            assert figures.learning_rate(schedule, at) == pytest.approx(schedule.learning_rate(at), abs=1e-15)


# Other programs
def test_torch_says_where_it_guesses_a_device() -> None:
    """Every rank before 2.9, then rank 0 alone; month and day without a leading zero."""
    old = process_group.guessed_device(WHEN, "2.8.0+cu128", 3, 3, 4711)
    assert old
    assert re.match(
        r"\[rank3\]:\[W130 10:45:32\.12\d{7} ProcessGroupNCCL\.cpp:5023\] \[PG ID 0 PG GUID 0 Rank 3\]  using ", old
    )
    assert process_group.guessed_device(WHEN, "2.9.1+cu128", 3, 3, 4711) is None
    new = process_group.guessed_device(WHEN, "2.9.1+cu128", 0, 0, 4711)
    assert new
    assert new.endswith("You can specify device_id in init_process_group()")


def test_nccl_warns_of_a_port() -> None:
    """An empty line before each warning; with 2.27 the time, numbers of events, and three of them."""
    old = nccl.link_flap(WHEN, "2.21.5+cuda12.4", "node01", 100, 2, "mlx5_2", 1.5)
    assert old[:2] == [
        "",
        "node01:100:163 [2] transport/net_ib.cc:101 NCCL WARN NET/IB : mlx5_2:1 Got async event : port error",
    ]
    new = nccl.link_flap(WHEN, "2.27.5+cuda12.9", "node01", 100, 2, "mlx5_2", 1.5)
    assert new[1].startswith(
        "[2026-01-30 10:45:30] node01:100:163 [2] transport/net_ib.cc:253 NCCL WARN NET/IB : mlx5_2:1"
    )
    assert [line.rpartition(": ")[2] for line in new[1::2]] == [
        "port error(10)",
        "client reregistration(17)",
        "port active(9)",
    ]


# A reader with a pocket calculator
@pytest.mark.parametrize("seed", range(1, 7))
def test_a_reader_with_a_calculator_finds_nothing(seed: int) -> None:
    """Sound runs of several kinds have no slip."""
    kind = ("pretrain", "resume", "pretrain")[seed % 3]
    wishes = {"steps": 120, "epochs": None} if kind == "resume" else {"steps": 60, "epochs": 2}
    assert checker.faults(list(log(seed, scenario=kind, gpus=16, **wishes))) == []


@pytest.mark.parametrize(
    "wishes",
    [
        {"gpus": 512, "model": "llama-3.1-405b", "steps": 12, "epochs": 1},
        {"gpus": 256, "model": "deepseek-v3", "steps": 12, "epochs": 1},
        {"gpus": 64, "model": "mixtral-8x7b", "steps": 20, "epochs": 1},
        {"gpus": 1, "steps": 20, "epochs": 1},
        {"gpus": 8, "scenario": "finetune"},
        HALF,
    ],
)
def test_any_layout_agrees(wishes: dict[str, object]) -> None:
    """Stages, experts, one GPU, fine-tunes and fp16: the same rules hold."""
    assert checker.faults(list(log(HALF_SEED, **wishes))) == []


@pytest.mark.parametrize("seed", [5, 22])
def test_the_reader_finds_nothing_after_restarts(seed: int) -> None:
    """Counters, checkpoints, processes and time-outs agree over faults and restarts."""
    found = list(log(seed, faults="drama", scenario="resume", gpus=16))
    assert checker.faults(found) == []
    assert sum(line.startswith("using world size:") for line in found) > 1


def edit(pattern: str, text: str, which: int = 0) -> Callable[[list[str]], list[str]]:
    """Replace in the n-th line that a pattern is found in."""

    def apply(found: list[str]) -> list[str]:
        at = [index for index, line in enumerate(found) if re.search(pattern, line)][which]
        return [*found[:at], re.sub(pattern, text, found[at], count=1), *found[at + 1 :]]

    return apply


def without(pattern: str) -> Callable[[list[str]], list[str]]:
    """Drop the first line that a pattern is found in."""

    def apply(found: list[str]) -> list[str]:
        at = next(index for index, line in enumerate(found) if re.search(pattern, line))
        return found[:at] + found[at + 1 :]

    return apply


def twice(pattern: str) -> Callable[[list[str]], list[str]]:
    """Say the first line that a pattern is found in once more."""

    def apply(found: list[str]) -> list[str]:
        at = next(index for index, line in enumerate(found) if re.search(pattern, line))
        return [*found[: at + 1], *found[at:]]

    return apply


SLIPS = {
    "clock_goes_forward": edit(r"^ \[\d{4}(?=.* iteration       30/)", " [2020"),
    "lines_have_their_form": edit("lm loss: ", "lm loss:  ", 2),
    "arguments_are_sorted": edit(r"  hidden_size \.", "  hidden_size ", 0),
    "steps_follow": without("iteration       20/"),
    "samples_are_counted": edit(r"consumed samples: (.{11}).", r"consumed samples: \g<1>7", 3),
    "layout_multiplies_up": edit(r"data-parallel size: \d+", "data-parallel size: 3"),
    "parameters_add_up": edit(r"(model parallel rank \(0, 0\): )\d", r"\g<1>9"),
    "throughput_follows": edit(r"(GPU\): \d+)", r"\g<1>1", 3),
    "learning_rate_follows_its_schedule": edit(r"learning rate: \d", "learning rate: 9", 4),
    "pace_is_what_was_waited": edit(r"(per iteration \(ms\): )\d+", r"\g<1>77", 4),
    "perplexity_is_exp_loss": edit(r"PPL: \d", "PPL: 0"),
    "theory_follows": edit(r"optimizer=\d", "optimizer=9"),
    "memory_is_steady": edit(r"\(after 10 iterations\)(.*) allocated: \d", r"(after 10 iterations)\g<1> allocated: 0"),
    "pauses_have_a_reason": without(r"^    evaluate "),
    "durations_are_what_was_waited": edit(r"(    save-checkpoint \.+: \(\S+ )\d", r"\g<1>77"),
    "checkpoints_come_back": edit(r"(successfully saved checkpoint from iteration      )\d", r"\g<1>9"),
    "launchers_agree": edit(r"torch/distributed/run.py:\d+", "torch/distributed/run.py:1"),
    "loss_learns": edit(r"lm loss: \d\.\d{3}", "lm loss: 3.141"),
    "export_follows": edit(r"root +\d(\d+ .*safetensors)", r"root 77\g<1>"),
    "what_was_asked_for_is_logged": edit(r"(norm: \S+ \|) number", r"\g<1> params norm: 7.000 | number"),
    "scale_follows_overflows": edit(r"loss scale: 1\.0", "loss scale: 3.0"),
    "experts_are_balanced": edit(r"loss scale: 1\.0", "load_balancing_loss: 1.020000E+00 | loss scale: 1.0"),
}  # fmt: skip


@cache
def sound() -> tuple[str, ...]:
    """A run on two nodes with everything that the rules look at."""
    saved, evaluated = r"successfully saved checkpoint", r"lm loss PPL"
    return tuple(first(log, saved, evaluated, scenario="pretrain", steps=60, epochs=2, gpus=16))


@pytest.mark.parametrize("rule", SLIPS)
def test_each_rule_catches_its_slip(rule: str) -> None:
    """A planted error is found by the rule that looks for it."""
    assert caught(log, rule, SLIPS[rule], checker.faults, scenario="pretrain", steps=60, epochs=2, gpus=16)


FAULTY_SLIPS = {
    "kernel_tells_why": edit(r"(State=DRAIN 'Reason=Xid \d+ GPU\d [0-9a-f:]+):00", r"\g<1>:01"),
    "collectives_time_out": edit(r"Timeout\(ms\)=\d+", "Timeout(ms)=1000"),
    "launchers_agree": twice("Sending process"),
    "checkpoints_come_back": edit(r"at iteration \d+$", "at iteration 7", -1),
}


@pytest.mark.parametrize("rule", FAULTY_SLIPS)
def test_each_rule_about_faults_catches_its_slip(rule: str) -> None:
    """A planted error in what launchers, watchdogs and resumed jobs say is found."""
    assert caught(dramatic, rule, FAULTY_SLIPS[rule], checker.faults, scenario="resume", gpus=16, steps=400)


@cache
def dramatic(seed: int, **wishes: object) -> tuple[str, ...]:
    """A run with faults, and without a slip."""
    found = log(seed, faults="drama", **wishes)
    assert checker.faults(list(found)) == []
    return found


def test_every_rule_is_shown_to_catch_something() -> None:
    """No rule without a slip."""
    assert {rule.__name__ for rule in checker.RULES} == SLIPS.keys() | FAULTY_SLIPS.keys()


def test_the_bridge_counts_as_it_does() -> None:
    """98 parameters of Llama 3.2 1B and 170 of Qwen2.5 0.5B, as public logs of the conversion have them."""
    counts = [len(weights.weights(scenario(slug), 0)) for slug in ("llama-3.2-1b", "qwen2.5-0.5b")]
    assert counts == [98, 170]
    assert figures.shard_parameters(scenario("llama-3.2-1b")) == [1_235_814_400]


# On a terminal
@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_log_lines_stand_there_once_at_any_width(columns: int) -> None:
    """What a terminal shows is, apart from wrapping and the panel, what a pipe gets; no row is left behind."""
    shown = perform(module(**SHORT), seed=4, seconds=600, columns=columns, rows=40)
    piped = perform(module(**SHORT), seed=4, seconds=600, motion=False, color=False)
    assert (shown.error, shown.ended) == (None, "finished")
    seen, told = (
        "".join(line for line in lines if not BAR.match(line)).replace(" ", "")
        for lines in (shown.lines, piped.raw.splitlines())
    )
    assert seen == told
    assert shown.screen.cursor_shown


def test_the_same_seed_is_the_same_show() -> None:
    """Same seed, same bytes; another seed, another run."""
    first, again, other = (show(seed, 60, **SHORT).raw for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seconds", [0.5, 4.0, 12.0, 30.0])
def test_it_can_be_stopped_at_any_moment(seconds: float) -> None:
    """Cut off in the start-up or in the loop, it ends at once."""
    played = show(3, seconds, **SHORT)
    assert (played.ended, played.error, played.seconds) == ("stopped", None, seconds)


# The story
def test_a_run_ends_with_one_more_validation() -> None:
    """Behind the loop the set is run through once more; the loss is that in the loop, if there was one at its end."""
    found = list(sound())
    at = next(index for index, line in enumerate(found) if line.startswith("[after training is done]"))
    assert any(re.fullmatch(r"Evaluating on \d+ samples", line) for line in found[at:])
    values = [match for line in found if (match := checker.VALIDATION.fullmatch(line))]
    assert "on validation set" in values[-1][0]
    assert int(values[-1][1]) == 120 >= int(values[-2][1])
    assert len({match[2] for match in values if match[1] == "120"}) == 1


def test_a_job_that_resumes_says_what_it_loads() -> None:
    """The step of the checkpoint is where training goes on, after the schedule has been read."""
    found = first(log, r"^\[exiting program at iteration", scenario="resume", gpus=16, steps=120, epochs=None)
    loads = next(index for index, line in enumerate(found) if line.startswith(" loading distributed checkpoint from"))
    loaded = next(index for index, line in enumerate(found) if line.startswith("  successfully loaded checkpoint"))
    assert found[loaded - 1].endswith(" > using checkpoint value constant for weight decay incr style")
    assert loads < loaded
    number = int(found[loads].rpartition(" ")[2])
    step = next(match for line in found if (match := checker.STEP.fullmatch(line)))
    assert int(step[2]) == number + 1
    assert any(re.match(r"\[exiting program at iteration \d+\] datetime: ", line) for line in found)


@pytest.mark.parametrize("seed", [1, 3])
def test_a_job_whose_time_is_up_saves_and_says_so(seed: int) -> None:
    """The checkpoint comes first, then the reason; what is written behind the steps is waited for."""
    found = list(log(seed, scenario="resume", gpus=16))
    exits = next(
        index for index, line in enumerate(found) if line.startswith("[exiting program after receiving SIGTERM.]")
    )
    saves = max(index for index, line in enumerate(found) if " saving checkpoint at iteration " in line)
    done = max(index for index, line in enumerate(found) if " successfully saved checkpoint " in line)
    assert saves < exits
    assert (done > exits) == any("scheduled an async" in line for line in found)


def test_launchers_of_many_nodes_are_silent() -> None:
    """With more than four nodes the script sets OMP_NUM_THREADS, and srun says that it waits."""
    found = log(1, steps=25, epochs=1, gpus=64)
    assert found[0].startswith("srun: job ")
    assert not any("torch/distributed/run.py" in line for line in found)


def test_all_shards_report_once() -> None:
    """One data-parallel rank of each shard, in no particular order."""
    found = log(HALF_SEED, gpus=512, model="llama-3.1-405b", steps=12, epochs=1)
    ranks = [match[1] for line in found if (match := re.search(r"rank \((\d+, \d+)\): \d+$", line))]
    assert len(ranks) == len(set(ranks)) > 8
    assert ranks != sorted(ranks)
