"""The load: wrk on a core of its own, and what the subject spent meanwhile."""

import dataclasses
import os
import statistics
import subprocess
import time

from . import machine


@dataclasses.dataclass
class Subject:
    """What is measured: a port, a request, and the process whose family answers."""

    name: str
    port: int
    pid: int
    request: object
    prepare: object = None  # called before each sample
    connections: int = 0  # other than those of the load
    seconds: int = 1  # at least
    rounds: int = 0  # at least
    trouble: str = ""  # why it was given up
    samples: list = dataclasses.field(default_factory=list)

    def median(self, key):
        """None when it was given up."""
        return None if self.trouble else statistics.median(sample[key] for sample in self.samples)


@dataclasses.dataclass
class Load:
    """How hard, how long."""

    connections: int = 64
    seconds: float = 3
    rounds: int = 3
    core: int = machine.LOAD_CORE


def measure(subject, load, folder):
    """One sample: {"req/s", "us/req", of which "user us" and "kernel us", "p50 us", "p99 us"}."""
    path = os.path.join(folder, "request.lua")
    with open(path, "w") as f:
        f.write(subject.request.script())
    if subject.prepare:
        subject.prepare()
    seconds = max(1, round(load.seconds), subject.seconds)
    meter = machine.Meter(subject.pid)
    run = subprocess.run([*machine.on(load.core), "wrk", "-t1", f"-c{subject.connections or load.connections}", f"-d{seconds}s",
                          "--timeout", "20s", "-s", path, f"http://127.0.0.1:{subject.port}{subject.request.path}"],
                         capture_output=True, text=True, timeout=seconds + 60)
    used, user, kernel = meter.read()
    if "FIGURES " not in run.stdout:
        raise RuntimeError(f"{subject.name}: wrk said: {(run.stdout + run.stderr)[-500:]}")
    requests, duration, p50, p99, refused, broken = map(int, run.stdout.split("FIGURES ")[1].split()[:6])
    if refused or broken > requests / 1000 or not requests:
        raise RuntimeError(f"{subject.name}: of {requests} answers {refused} were refusals, {broken} connections broke")
    return {"req/s": requests / (duration / 1e6), "us/req": used / requests, "user us": user / requests,
            "kernel us": kernel / requests, "p50 us": p50, "p99 us": p99}


class Patience:
    """How long the whole run may wait for others: first for quiet, then to repeat what was disturbed."""

    def __init__(self, seconds, repeats):
        self.left = seconds
        self.repeats = repeats
        self.disturbed = 0
        self.samples = 0

    def quiet(self):
        begun = time.monotonic()
        machine.wait_quiet(begun + min(self.left, 20))
        self.left = max(0, self.left - (time.monotonic() - begun))

    def sample(self, take):
        """take(), again while others disturb it and there are repeats left."""
        while True:
            if self.left > 0:
                self.quiet()
            watch = machine.Watch()
            taken = take()
            self.samples += 1
            if not watch.is_disturbed():
                return taken
            if self.repeats == 0:
                self.disturbed += 1
                return taken
            self.repeats -= 1


def interleave(subjects, load, folder, patience):
    """
    Rounds in which the subjects take turns, after a second each to warm up. One that fails is left out from then on; one
    that wants more rounds goes on with those that do, too.
    """

    def turn(subject, take):
        try:
            take()
        except (RuntimeError, subprocess.SubprocessError) as error:
            subject.trouble = str(error)

    for subject in subjects:
        turn(subject, lambda s=subject: measure(s, dataclasses.replace(load, seconds=1), folder))
    for number in range(max([load.rounds, *(s.rounds for s in subjects)])):
        for subject in subjects:
            if not subject.trouble and number < max(load.rounds, subject.rounds):
                turn(subject, lambda s=subject: s.samples.append(patience.sample(lambda: measure(s, load, folder))))


def ratios(ours, theirs, key):
    """Those within the rounds; none when one of the two was given up."""
    if ours.trouble or theirs.trouble:
        return []
    return [a[key] / b[key] for a, b in zip(ours.samples, theirs.samples)]


def ratio(ours, theirs, key):
    """The median of the ratios within the rounds; None when there is none."""
    found = ratios(ours, theirs, key)
    return statistics.median(found) if found else None
