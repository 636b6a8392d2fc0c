"""What Slurm's daemons and srun say of a job in trouble, on stderr; names are short host names."""

import random
from datetime import datetime

REQUEUED = "JOB REQUEUE"


def traced_look(job: int, host: str, command: str) -> str:
    """A launch script looks at a node, under ``set -x``."""
    return f"+ srun --overlap --jobid={job} -N1 -n1 -w {host} bash -c '{command}'"


def drained(when: datetime, job: int, host: str, reason: str) -> list[str]:
    """It takes the node out of service and queues the job again.

    >>> drained(datetime(2026, 11, 23, 10), 288, "node01", "Xid 79")[3]
    '   Reason=Xid 79 [root@2026-11-23T10:00:00]'
    """
    return [
        f"+ scontrol update NodeName={host} State=DRAIN 'Reason={reason}'",
        f"+ scontrol show node {host}",
        "+ grep Reason=",
        f"   Reason={reason} [root@{when:%Y-%m-%dT%H:%M:%S}]",
        f"+ scontrol requeue {job}",
    ]


def cancelled(when: datetime, job: int, host: str, reason: str, *, step: int | None = None) -> str:
    """A job, or one of its steps, is cancelled: "PREEMPTION", "TIME LIMIT", ...; by hand without a reason.

    >>> cancelled(datetime(2026, 11, 23, 10), 288, "node01", "TIME LIMIT")
    'slurmstepd: error: *** JOB 288 ON node01 CANCELLED AT 2026-11-23T10:00:00 DUE TO TIME LIMIT ***'
    """
    what = f"JOB {job}" if step is None else f"STEP {job}.{step}"
    why = f" DUE TO {reason}" if reason else ""
    return f"slurmstepd: error: *** {what} ON {host} CANCELLED AT {when:%Y-%m-%dT%H:%M:%S}{why} ***"


def taken_away(when: datetime, job: int, host: str, reason: str) -> list[str]:
    """A job is cancelled while srun runs a step of it: by the daemons of the batch script and of the step, and by srun.

    A step's message comes from its first node alone. Three processes say so at once: public logs have all orders.

    >>> sorted(taken_away(datetime(2026, 11, 23, 10), 288, "node01", "PREEMPTION"))[0]
    'slurmstepd: error: *** JOB 288 ON node01 CANCELLED AT 2026-11-23T10:00:00 DUE TO PREEMPTION ***'
    """
    lines = [cancelled(when, job, host, reason), cancelled(when, job, host, reason, step=0), step_aborted()]
    return random.Random(f"{job} {when}").sample(lines, 3)


def step_aborted() -> str:
    """Said by srun while it waits for the rest of its tasks."""
    return "srun: Job step aborted: Waiting up to 32 seconds for job step to finish."


def interrupted(when: datetime, job: int, host: str, *, by_key: bool, step: int = 0) -> list[str]:
    """Srun, started with ``--quit-on-interrupt``, ends its step: on Ctrl-C, or because it is told to.

    >>> interrupted(datetime(2026, 11, 23, 10), 288, "node01", by_key=True)[0]
    'srun: sending Ctrl-C to StepId=288.0'
    """
    return [
        *([f"srun: sending Ctrl-C to StepId={job}.{step}"] if by_key else []),
        "srun: forcing job termination",
        step_aborted(),
        cancelled(when, job, host, "", step=step),
    ]


def node_failed(host: str) -> str:
    """The controller lost a node."""
    return f"srun: error: Node failure on {host}"


def task_exited(host: str, task: int, exitcode: int) -> str:
    """A task that srun started, here a launcher, gave up.

    >>> task_exited("node07", 7, 1)
    'srun: error: node07: task 7: Exited with exit code 1'
    """
    return f"srun: error: {host}: task {task}: Exited with exit code {exitcode}"


def oom_killed(job: int, step: int = 0) -> str:
    """The kernel killed a process of a step for its memory."""
    return f"slurmstepd: error: Detected 1 oom_kill event in StepId={job}.{step}."


def queued(job: int) -> list[str]:
    """A requeued job waits, and gets nodes again."""
    return [
        f"srun: job {job} queued and waiting for resources",
        f"srun: job {job} has been allocated resources",
    ]
