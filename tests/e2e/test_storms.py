"""Short forms of the storms under tests/stress: the same programs, the same verdicts; times are told, not judged."""

import os
import subprocess
import sys

from harness.places import BUILD, ROOT


def storm(name, **settings):
    environment = {**os.environ, "BUILD": str(BUILD), "STRESS_SHORT": "1", "STRESS_CLIENTS": "24", "STRESS_RATE": "100",
                   **{name: str(value) for name, value in settings.items()}}
    done = subprocess.run([sys.executable, ROOT / "tests" / "stress" / f"{name}.py"], env=environment,
                          capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_reloads_fail_no_request():
    storm("reload", RELOADS=3, REPLACEMENTS=2)


def test_upgrades_fail_no_request():
    storm("upgrade", UPGRADES=2)


def test_kills_lose_nothing():
    storm("kill", STRESS_SECONDS=3, STRESS_CALM_S=0, STRESS_ALL=2)


def test_deaths_of_the_keeper_lose_nothing():
    storm("keeper", KEEPER_SECONDS=3)


def test_kills_inside_the_table_leave_old_or_new():
    done = subprocess.run([BUILD / "stress" / "table_kills", "300", "10"], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stopped_worker_stalls_nobody():
    storm("stall")


def test_streams_over_a_reload_and_slow_readers():
    storm("streams", STREAMS=40, STREAMS_MANY=100)
