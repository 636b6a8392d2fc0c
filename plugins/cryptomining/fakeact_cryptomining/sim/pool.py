"""A pool: the jobs it gives, the difficulty it asks for, and what it says to shares."""

import random
from dataclasses import dataclass

from fakeact_cryptomining.catalogue import rigs
from fakeact_cryptomining.sim.coins import Chain

FIRST_RETARGET, RETARGET = 36.0, 60.0
"""Seconds after the login, and then between two looks at a miner's speed."""
WORTHWHILE = 0.18
"""By which share the difficulty must be wrong before the pool changes it."""
REFRESH = (24.0, 40.0)
"""Seconds after which a template with newer transactions is sent."""


@dataclass(frozen=True)
class Address:
    """Where the pool is: its name, its documentation address and port, with TLS and its fingerprint or without."""

    host: str
    ip: str
    port: int
    tls: str
    fingerprint: str

    @property
    def url(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Job:
    """Work: on which block, how hard a share is, how many transactions the block has."""

    height: int
    difficulty: int
    transactions: int


def address(rng: random.Random, names: str) -> Address:
    """A pool that does not exist; *names* says in the catalogue how its host begins."""
    known = rigs()["pools"]
    secure = rng.random() < 0.45
    name = f"{rng.choice(known[names])}.{rng.choice(known['names'])}.example"
    network = rng.choice(["192.0.2", "198.51.100", "203.0.113"])
    fingerprint = f"{rng.getrandbits(256):064x}" if secure else ""
    port = rng.choice(known["tls_ports" if secure else "plain_ports"])
    return Address(name, f"{network}.{rng.randint(2, 250)}", port, "TLSv1.3" if secure else "", fingerprint)


class Pool:
    """The pool's side of one miner. Hash rates are per second, times in seconds."""

    def __init__(self, chain: Chain, hashrate: float, rng: random.Random, *, strict: bool) -> None:
        self._chain, self._strict = chain, strict
        seconds, known = rng.uniform(2.5, 4.5), chain.coin.difficulties
        self._least = known[0]
        self._begin = max((one for one in known if one <= hashrate * seconds), default=known[0])
        self.difficulty = self._begin
        self._since, self._hashes = 0.0, 0

    def login(self, at: float) -> None:
        """A miner comes, and is asked for what its port asks for."""
        self.difficulty, self._since, self._hashes = self._begin, at, 0

    def job(self, at: float) -> Job:
        """A job on the newest template."""
        return Job(self._chain.height + 1, self.difficulty, self._chain.transactions(at))

    def judge(self, job: Job) -> str:
        """What is wrong with a share that has just arrived: nothing, most times."""
        if job.height <= self._chain.height:
            return self._chain.coin.stale
        if self._strict and job.difficulty < self.difficulty:
            return "Low difficulty share"
        self._hashes += job.difficulty
        return ""

    def retarget(self, at: float) -> bool:
        """Ask for what fits the speed since the login, as far as shares tell it; whether that is something new."""
        fitting = int(self._hashes / max(at - self._since, 1.0)) * self._chain.coin.pace
        wanted = max(fitting or int(self.difficulty * 0.7), self._least)
        if abs(wanted / self.difficulty - 1) < WORTHWHILE:
            return False
        self.difficulty = wanted
        return True


class Line:
    """The way between miner and pool: it delays, but nothing overtakes."""

    def __init__(self, rng: random.Random) -> None:
        self._rng, self._half = rng, rng.choice([0.009, 0.014, 0.021, 0.038, 0.055]) * rng.uniform(0.8, 1.2)
        self._last = [0.0, 0.0]
        self.congestion = 0.0

    def arrives(self, at: float, *, at_pool: bool) -> float:
        """When what is sent now arrives."""
        delay = self._half * self._rng.uniform(1.0, 1.25) + self._rng.expovariate(1 / 0.0025)
        if self.congestion:
            delay += self.congestion * self._rng.uniform(0.6, 1.4)
        self._last[at_pool] = max(self._last[at_pool] + 0.0004, at + delay)
        return self._last[at_pool]
