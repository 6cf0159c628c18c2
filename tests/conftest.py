"""What all tests share: the folder of shared data, a quiet environment, and no silent skip under CI."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
# A Java that starts fast rather than runs fast: the tests of Spark have few rows.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
os.environ.setdefault(
    "PYSPARK_SUBMIT_ARGS", "--conf spark.sql.codegen.wholeStage=false --conf spark.sql.adaptive.enabled=false pyspark-shell"
)
MUST_RUN = ("spark", "postgres", "browser")


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch):
    """Keep a person's own workspace, name and language out of the tests."""
    for name in ("SAKUSEI_HOME", "SAKUSEI_ACTOR", "SAKUSEI_LANG", "SAKUSEI_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANGUAGE", "en")  # what a command line with --lang leaves behind ends with its test


@pytest.fixture(scope="session")
def shared_data():
    """The folder of shared data beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no folder of shared data beside the checkout")
    return SHARED_DATA


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skip of a test that CI must run into a failure."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and any(item.get_closest_marker(name) for name in MUST_RUN):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI must run it: {report.longrepr}"
    return report
