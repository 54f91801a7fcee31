"""Short forms of the storms under tests/stress: the same scripts, the same verdicts."""

import os
import subprocess
import sys

from harness.places import BUILD, ROOT


def storm(script, **settings):
    environment = {**os.environ, "BUILD": str(BUILD), **{name: str(value) for name, value in settings.items()}}
    done = subprocess.run([sys.executable, ROOT / "tests" / "stress" / script], env=environment, capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_reloads_and_upgrades_fail_no_request():
    out = storm("reload_storm.py", RELOADS=6, UPGRADES=3, STRESS_CLIENTS=24)
    assert "requests" in out


def test_kills_lose_nothing():
    out = storm("kill_storm.py", STRESS_SECONDS=4)
    assert "kills" in out
