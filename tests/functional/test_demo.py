"""The whole demonstration with marks in every personal field of every file: verified releases at the end, and no mark anywhere else."""

import logging
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import sample_data.package as samples
from casework.console import run
from release.verify import verify_package
from sample_data.canaries import find_canaries, plant_canaries

PEOPLE = 1500
# Where marks may be: the files of the city halls themselves. Everything else is searched, the vault (sealed) too.
SENT = {"kokuho", "waitlist", "waitlist-corrected", "staff"}


@dataclass(frozen=True)
class Run:
    """A demonstration that ended: where, which marks were planted, what was said, and the folder for temporary files."""

    folder: Path
    canaries: tuple
    exit_code: int
    said: str
    temporary: Path


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    home, temporary = tmp_path_factory.mktemp("demo") / "demo", tmp_path_factory.mktemp("temporary")
    planted = []
    write = samples.write_file

    def write_marked(sample, path, **options):
        def plant(table):
            marked, canaries = plant_canaries(table, sample.table, seed=sample.seed)
            planted.extend(canaries)
            return marked

        return write(sample, path, change=plant, **options)

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryFile("w+") as said:
        patch.setattr(samples, "write_file", write_marked)
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(sys, "stdout", said)
        patch.setattr(sys, "stderr", said)
        handler = logging.StreamHandler(said)
        logging.getLogger().addHandler(handler)
        exit_code = run(["demo", "--home", str(home), "--people", str(PEOPLE), "--lang", "ja"])
        logging.getLogger().removeHandler(handler)
        said.seek(0)
        text = said.read()
    return Run(folder=home, canaries=tuple(planted), exit_code=exit_code, said=text, temporary=temporary)


def test_it_ends_with_verified_releases_that_pandas_opens(demonstration):
    assert demonstration.exit_code == 0, demonstration.said[-3000:]
    archives = sorted(demonstration.folder.glob("0001/office/releases/L-*.zip"))
    assert len(archives) >= 2
    pem = (demonstration.folder / "0001" / "office" / "office.pub.pem").read_bytes()
    for archive in archives:
        assert verify_package(archive, pem).tables
    tables = sorted(demonstration.folder.glob("0001/office/releases/L-*/data/*.parquet"))
    assert all(len(pd.read_parquet(table)) for table in tables)


def test_marks_are_in_what_was_sent_and_nowhere_else(demonstration):
    run_folder = demonstration.folder / "0001"
    assert len(demonstration.canaries) > 100
    found_in_sent = {sighting.canary.column for name in SENT for sighting in find_canaries(run_folder / name, demonstration.canaries)}
    assert {"name", "name_kana", "person_key", "address", "note"} <= found_in_sent
    for part in sorted(run_folder.iterdir()):
        if part.name not in SENT:
            sightings = find_canaries(part, demonstration.canaries) if part.is_dir() else []
            assert sightings == [], f"{part.name}: {[(s.path, s.canary.column) for s in sightings[:5]]}"
    assert find_canaries(demonstration.temporary, demonstration.canaries) == []


def test_nothing_that_was_said_holds_a_mark(demonstration, tmp_path):
    (tmp_path / "said.txt").write_text(demonstration.said, encoding="utf-8")
    assert find_canaries(tmp_path, demonstration.canaries) == []
    assert len(demonstration.said) > 5000


def test_failures_on_purpose_were_refused_with_a_hint(demonstration):
    assert demonstration.said.count("error: ") >= 3
    assert demonstration.said.count("hint: ") >= 3


def test_the_plain_text_of_no_file_is_left_in_the_work_folder(demonstration):
    work = demonstration.folder / "0001" / "office" / "work"
    assert not [path for path in work.rglob("*") if path.is_file() and path.stat().st_size]


def test_the_books_hold_in_a_process_of_their_own(demonstration):
    home = str(demonstration.folder / "0001" / "office")
    done = subprocess.run(
        [sys.executable, "-c", f"from casework.console import run; raise SystemExit(run(['audit', 'verify', '--home', {home!r}]))"],
        check=False,
    )
    assert done.returncode == 0
