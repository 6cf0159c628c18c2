"""SQL on files: nothing is spilled into the current folder, names are quoted."""

import duckdb
import pytest

from schemas.embedded_sql import open_duckdb, quote

BIG = "SELECT count(*) FROM (SELECT DISTINCT range, hash(range) FROM range(3000000))"


def run_big(connection):
    connection.execute("SET memory_limit = '32MB'")
    connection.execute("SET threads = 1")
    return connection.execute(BIG).fetchone()


def test_what_does_not_fit_stays_out_of_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_duckdb(None) as connection, pytest.raises(duckdb.OutOfMemoryException):
        run_big(connection)
    assert list(tmp_path.iterdir()) == []
    private = tmp_path / "private"
    private.mkdir()
    with open_duckdb(private) as connection:
        assert connection.execute("SELECT current_setting('temp_directory')").fetchone() == (str(private / "overflow"),)
        assert connection.execute("SELECT current_setting('autoload_known_extensions')").fetchone() == (False,)
    assert [path.name for path in tmp_path.iterdir()] == ["private"]


def test_a_name_is_one_identifier_whatever_it_holds():
    with open_duckdb(None) as connection:
        name = 'a"; DROP TABLE x; --'
        assert connection.execute(f"SELECT 1 AS {quote(name)}").fetchdf().columns.tolist() == [name]
