"""Whose copy is this: which release a file found somewhere comes from.

Fresh ids are random and new in every release, so the ids of a found file that also stand in a release point to it, whatever rows were
deleted, shuffled or columns dropped. Without ids, whole rows over the columns in common are compared; equal files of two releases then
tie, and both are named with their shares.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from release.released import ReleasedFile, open_released
from schemas.embedded_sql import open_duckdb, quote
from schemas.errors import FileRejected
from schemas.files import sha256_file
from schemas.messages import N_, Name

SAMPLE_ROWS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceMatch:
    """How much of a found file stands in a release.

    Parameters
    ----------
    release_id, path : str
        The release and its table.
    evidence : str
        `file` (same bytes), `ids` or `rows`.
    share : float
        Share of the found file's rows (a sample of 100,000 at most), 0–1.
    """

    release_id: str
    path: str
    evidence: str
    share: float

    def to_json(self) -> dict[str, object]:
        """Return the match for machines."""
        return {"release": self.release_id, "table": self.path, "evidence": self.evidence, "share": round(self.share, 6)}


def trace_file(found: Path, releases: Path) -> tuple[TraceMatch, ...]:
    """Return the releases a found file shares rows with, the likeliest first.

    Parameters
    ----------
    found : Path
        CSV or Parquet, with some of the columns of a release.
    releases : Path
        The folder of packages.

    Raises
    ------
    FileRejected
        The file is neither.
    """
    digest = sha256_file(found)
    matches = []
    with tempfile.TemporaryDirectory(prefix="sakusei-trace-") as folder, open_duckdb(Path(folder)) as connection:
        columns = _load(connection, found)
        for table in sorted(releases.glob("L-*/data/*.parquet")):
            evidence, share = ("file", 1.0) if sha256_file(table) == digest else _compare(connection, columns, open_released(table))
            if share > 0:
                name = f"data/{table.name}"
                matches.append(TraceMatch(release_id=table.parent.parent.name, path=name, evidence=evidence, share=share))
    strength = {"file": 0, "ids": 1, "rows": 2}
    return tuple(sorted(matches, key=lambda match: (strength[match.evidence], -match.share, match.release_id)))


def _load(connection: duckdb.DuckDBPyConnection, found: Path) -> tuple[str, ...]:
    """Load a sample of the found file as text, and return its columns."""
    with found.open("rb") as content:
        reader = "read_parquet" if content.read(4) == b"PAR1" else "read_csv"
    options = "" if reader == "read_parquet" else ", all_varchar = true"
    try:
        connection.execute(f"CREATE TABLE found AS SELECT * FROM {reader}(?{options}) LIMIT {SAMPLE_ROWS}", [str(found)])  # noqa: S608 - constants
    except duckdb.Error:
        # The cause quotes cells, so it is not chained.
        raise FileRejected(
            N_("{file} is neither Parquet nor CSV with a header"), N_("give the file as it was found"), file=Name(found.name)
        ) from None
    return tuple(row[0] for row in connection.execute("SELECT column_name FROM (DESCRIBE found)").fetchall())


def _compare(connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...], released: ReleasedFile) -> tuple[str, float]:
    """Return the evidence and the share of found rows whose id, or whose cells in common, stand in a release."""
    shared = [column.name for column in released.columns if column.name in columns]
    ids = [released.id_column] if released.id_column in shared else []
    keys = ids or shared
    if not keys:
        return "rows", 0.0
    cells = ", ".join(f"coalesce(CAST({quote(key)} AS VARCHAR), '')" for key in keys)
    known = f"(SELECT row({cells}) AS cells FROM read_parquet(?))"  # noqa: S608 - quoted names
    query = f"SELECT count(*) FROM (SELECT row({cells}) AS cells FROM found) SEMI JOIN {known} USING (cells)"  # noqa: S608 - quoted names
    hits = connection.execute(query, [str(released.path)]).fetchone()
    total = connection.execute("SELECT count(*) FROM found").fetchone()
    share = (hits[0] / total[0]) if hits and total and total[0] else 0.0
    return ("ids" if ids else "rows"), share
