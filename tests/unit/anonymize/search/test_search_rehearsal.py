"""Compiled loops are loaded in a thread of their own, once."""

import os
import subprocess
import sys
import threading

import pytest

from anonymize.search import find_recoding
from anonymize.search.rehearsal import METHODS, make_tiny_task, start_rehearsal

# In a new process: the first search after a rehearsal meets no loop that was not loaded.
FIRST_SEARCH = """
import sys
from anonymize.search.rehearsal import make_tiny_task, start_rehearsal
start_rehearsal().join()
from anonymize.search import exchange, kernels, peeling
loops = {kernels: ("group", "sum_by_class", "measure_failed"), peeling: ("walk", "crowd_together"), exchange: ("exchange",)}
missing = [name for room, names in loops.items() for name in names if not getattr(room, name).signatures]
sys.exit(",".join(missing) or 0)
"""

# Importing the packages takes one or two of these.
MOST_SECONDS = 6.0


@pytest.mark.parametrize("method", METHODS)
def test_the_tiny_task_makes_one_class(method):
    recoding = find_recoding(make_tiny_task(method))
    assert recoding.levels.tolist() == [[1], [1]]
    assert not recoding.suppressed.any()


def test_a_process_rehearses_once():
    first = start_rehearsal()
    assert start_rehearsal() is first
    first.join()
    assert not any(thread.name == "rehearsal" for thread in threading.enumerate())


def test_a_rehearsal_loads_every_loop_of_a_search():
    done = subprocess.run([sys.executable, "-c", FIRST_SEARCH], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_that_fails_does_not_wait_until_all_loops_are_compiled(tmp_path):
    # With an empty cache every loop is compiled, which takes many seconds of work; a process that ends at once finishes one loop at most.
    settings = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = "from anonymize.search.rehearsal import start_rehearsal; import sys; start_rehearsal(); sys.exit(13)"
    before = os.times()
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False, env=settings)
    after = os.times()
    assert (done.returncode, done.stderr) == (13, "")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent < MOST_SECONDS
    assert len(list(tmp_path.rglob("*.nbi"))) < 5
