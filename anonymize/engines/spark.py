"""Spark, through its SQL: the engine for what outgrows one machine. PySpark and Java come with the optional installation.

Arrow goes in and out, never pandas. One session serves a whole process, because starting Java takes seconds. Where it runs is said
the way Spark is always told: by `spark-submit`, or by `--master` in PYSPARK_SUBMIT_ARGS; without either, on this machine (docs/cluster.md).
"""

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from anonymize.engines.engine import BATCH_ROWS, Engine, EngineSettings, PartWriter
from anonymize.work_folder import open_work_folder
from schemas.errors import EngineUnavailable
from schemas.messages import N_

if TYPE_CHECKING:
    import ibis

DRIVER_MEMORY = "2g"
SUBMITTED, ARGUMENTS = "PYSPARK_GATEWAY_PORT", "PYSPARK_SUBMIT_ARGS"  # spark-submit sets the first; it then names the master
PART, ROWS = "part", "rows"
SILENT_LOG = """status = off
appender.nowhere.type = Null
appender.nowhere.name = nowhere
rootLogger.level = off
rootLogger.appenderRef.nowhere.ref = nowhere
"""


class SparkEngine(Engine):
    """A Spark session on this machine, or on the cluster that was named."""

    name = "spark"
    dialect = "pyspark"

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__()
        self._session = open_session(settings.threads or os.cpu_count() or 1)
        self._work = settings.work
        self._views: list[str] = []
        self.errors = _spark_errors()

    def _run(self, sql: str) -> pa.Table:
        with _ignore_pandas():
            return self._session.sql(sql).toArrow()

    def _stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Let Spark write sorted parts into the work folder, and read them in order: the driver never holds the rows."""
        parts = self._write_parts(self._next_name(), sql)
        for part in sorted(parts.glob("part-*.parquet")):
            with pq.ParquetFile(part) as file:
                yield from file.iter_batches(BATCH_ROWS)
        shutil.rmtree(parts)

    def write_parts(self, expression: "ibis.Table", write: PartWriter) -> dict[int, int]:
        """Let the executors write, each its range of the order; the driver gets no row, only how many there were."""
        task = partial(_write_part, write, expression.schema().to_pyarrow())
        with self.guard(), _ignore_pandas():
            ordered = self._session.sql(self._compile(expression))
            told = ordered.mapInArrow(task, f"{PART} int, {ROWS} bigint").toArrow()
        return dict(zip(told[PART].to_pylist(), told[ROWS].to_pylist(), strict=True))

    def _keep(self, name: str, sql: str) -> None:
        self._open(name, self._write_parts(name, sql))

    def _write_parts(self, name: str, sql: str) -> Path:
        parts = self._work / name
        self._session.sql(sql).write.parquet(parts.as_uri())
        return parts

    def _load(self, name: str, rows: pa.Table) -> None:
        path = self._work / f"{name}.parquet"
        pq.write_table(rows, path)
        self._open(name, path)

    def _open(self, name: str, path: Path) -> None:
        self._session.read.parquet(path.resolve().as_uri()).createOrReplaceTempView(name)
        self._views.append(name)

    def close(self) -> None:
        """Drop the tables; the session stays for the next run of this process."""
        for view in self._views:
            self._session.catalog.dropTempView(view)


@cache
def open_session(threads: int) -> Any:
    """Return the one Spark session of this process.

    Raises
    ------
    EngineUnavailable
        PySpark or Java is missing.
    """
    if not has_java(os.environ):
        raise EngineUnavailable(
            N_("the engine spark needs Java, and none was found"),
            N_("install Java 17 or 21 (Debian: apt-get install openjdk-17-jre-headless) and set JAVA_HOME or PATH"),
        )
    try:
        session_class = _import_session()
    except ImportError:
        raise EngineUnavailable(
            N_("the engine spark needs PySpark, which is not installed"),
            N_("install it with: pip install 'sakusei[spark]'"),
        ) from None
    folder = _process_folder()
    log = folder / "log4j2.properties"
    log.write_text(SILENT_LOG, encoding="utf-8")
    builder = session_class.builder.appName("sakusei")
    on_cluster = names_master(os.environ)
    settings = cluster_settings() if on_cluster else machine_settings(folder, threads)
    for key, value in {**session_settings(folder, log), **settings}.items():
        builder = builder.config(key, value)
    if not on_cluster:
        builder = builder.master(f"local[{threads}]")
    with _close_error_stream(), _ignore_pandas():
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def session_settings(folder: Path, log: Path) -> dict[str, str]:
    """Return the settings of every session: quiet, UTC, no pages on the network, no record of queries, which may hold values."""
    return {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "false",
        "spark.log.level": "OFF",
        "spark.executor.syncLogLevel.enabled": "true",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={log.as_uri()} -Dlog4j.configurationFile={log.as_uri()}",
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
    }


def machine_settings(folder: Path, threads: int) -> dict[str, str]:
    """Return the settings of a session on this machine: nothing on the network, private overflow, one shuffle partition per thread."""
    return {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": DRIVER_MEMORY,
        "spark.local.dir": str(folder),
        "spark.sql.shuffle.partitions": str(threads),
    }


def cluster_settings() -> dict[str, str]:
    """Return the settings of a session on a cluster: what executors spill and shuffle is encrypted; the rest is the cluster's."""
    return {"spark.io.encryption.enabled": "true"}


def names_master(environment: Mapping[str, str]) -> bool:
    """Return whether `spark-submit`, or `--master` in PYSPARK_SUBMIT_ARGS, says where Spark runs."""
    words = environment.get(ARGUMENTS, "").split()
    return SUBMITTED in environment or any(word == "--master" or word.startswith("--master=") for word in words)


def has_java(environment: Mapping[str, str]) -> bool:
    """Return whether JAVA_HOME or PATH leads to a `java`."""
    home = environment.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").exists():
        return True
    return shutil.which("java", path=environment.get("PATH", "")) is not None


@contextmanager
def _ignore_pandas() -> Iterator[None]:
    """Silence one warning of PySpark: that pandas is newer than it knows. Rows travel as Arrow and never become pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        yield


@contextmanager
def _close_error_stream() -> Iterator[None]:
    """Give the Java process that starts inside no place to print: its traces may quote cells."""
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def _write_part(write: PartWriter, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Write one range of the order, in the Python process of an executor, and tell its number and rows."""
    from pyspark import TaskContext

    task = TaskContext.get()
    number = task.partitionId() if task else 0
    rows = write(number, (batch.cast(schema) for batch in batches))
    yield pa.RecordBatch.from_arrays([pa.array([number], pa.int32()), pa.array([rows], pa.int64())], [PART, ROWS])


def _import_session() -> Any:
    """Import PySpark and the dialect of Ibis."""
    with _ignore_pandas():
        import ibis
        from pyspark.sql import SparkSession

        _ = ibis.pyspark  # registers the dialect and its options
    return SparkSession


def _spark_errors() -> tuple[type[Exception], ...]:
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    return (Py4JError, PySparkException)


def _process_folder() -> Path:
    """Return a private folder that lives as long as this process."""
    stack = ExitStack()
    folder = stack.enter_context(open_work_folder(Path(tempfile.gettempdir())))
    atexit.register(stack.close)
    return folder
