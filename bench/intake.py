"""`sakusei intake convert` on a CP932 file with half-width kana and Japanese-era dates, against what else one could run (`intake_rivals`).

Each runs in a process of its own, started by a small one that waits for it, so that its peak memory is its own. What takes seconds runs
three times, and its middle time counts. Then what the officer of a
municipality waits for, `check` and `seal`, on the same file; and the conversion of five times the rows, whose memory must be no more.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from bench.intake_rivals import CARE_KINDS, COLUMNS, FIRST_YEARS
from casework.keys import Keys
from schemas import check_digits
from schemas.municipalities import list_municipalities

CHUNK_ROWS = 100_000
VISITS = 10
TIMES, RUNS = 5, 3
_SAKUSEI = ("-c", "from casework.console import main; main()")
_ROOT = Path(__file__).parent.parent
_KANA = ("ﾐﾎﾝ", "ﾚｲｼﾞ", "ﾋﾅｶﾞﾀ", "ﾃｽﾄ", "ｶｸｳ", "ｺﾞｳｾｲ", "ﾀﾞﾐｰ", "ｼｹﾝ", "ﾎﾞｼｭｳ", "ﾍﾟｰｼﾞ")
_KANJI = ("見本", "例示", "雛形", "試験", "架空", "合成", "代用", "仮名", "標本", "手本")
_RULES = {
    "person_key": "digits_half", "insurer_number": "digits_half", "insured_branch": "digits_half", "name_kana": "kana_full",
    "birth_date": "wareki_gyymmdd", "sex": "sex_12", "municipality_code": "municipality_code", "postal_code": "digits_half",
    "address": "address", "qualified_on": "wareki_gyymmdd", "treated_month": "wareki_gyymm", "care_kind": "code",
    "facility_code": "digits_half", "disease_code": "icd10", "points": "integer", "cost_yen": "yen", "copayment_yen": "yen",
    "days": "integer",
}  # fmt: skip
# waits for its child and tells what it used: seconds on the clock, seconds of processors, KiB
_WATCH = """
import resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one process used: seconds on the clock, seconds of processors, peak memory."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


def write_layout(path: Path) -> None:
    """Write the layout of the file."""
    columns = [
        {"position": place, "column": name, "rule": _RULES.get(name, "text")} for place, name in enumerate(COLUMNS, start=1)
    ]  # fmt: skip
    document = {"layout": "bench-cp932", "title_ja": "計測用（合成）", "table": "kokuho_benefit", "format": "csv", "encoding": "cp932"}
    path.write_text(yaml.safe_dump({**document, "header": False, "columns": columns}, allow_unicode=True), encoding="utf-8")


def write_rows(path: Path, rows: int) -> None:
    """Write the synthetic file in pieces."""
    rng = np.random.default_rng(20250401)
    people = _make_people(max(rows // VISITS, 1), rng)
    with path.open("wb") as target:
        for start in range(0, rows, CHUNK_ROWS):
            table = _make_visits(people, min(CHUNK_ROWS, rows - start), rng)
            lines = pc.binary_join_element_wise(*[table[name].combine_chunks() for name in COLUMNS], ",").to_pylist()
            target.write("".join(f"{line}\r\n" for line in lines).encode("cp932"))


def _make_people(count: int, rng: np.random.Generator) -> pa.Table:
    """Return what stays the same over the claims of a person."""

    def digits(limit: int, width: int) -> pa.Array:
        return pc.utf8_lpad(pa.array(rng.integers(0, limit, count)).cast(pa.string()), width, "0")

    def pick(texts: list[str]) -> pa.Array:
        return pa.array(texts).take(pa.array(rng.integers(0, len(texts), count)))

    codes = [found.code for found in list_municipalities(synthetic=True)]
    insurers = [check_digits.append("insurer", f"90{number:03d}") for number in range(20)]
    full = str.maketrans("0123456789-", "０１２３４５６７８９－")
    blocks = [f"見本町{a}-{b}".translate(full) for a in range(1, 31) for b in range(1, 200)]
    return pa.table(
        {
            "person_key": pc.utf8_lpad(pa.array(np.arange(1, count + 1)).cast(pa.string()), 10, "0"),
            "insurer_number": pick(insurers),
            "insured_number": digits(10**7, 7),
            "insured_branch": digits(9, 2),
            "name_kana": pick([f"{a}{b} {c}{d}" for a in _KANA for b in _KANA for c in _KANA for d in _KANA]),
            "name": pick([f"{a}{b}　{c}{d}" for a in _KANJI for b in _KANJI for c in _KANJI for d in _KANJI]),
            "birth_date": _to_era(rng.integers(-12_000, 18_000, count), "%m%d"),
            "sex": pick(["1", "2"]),
            "municipality_code": pick(codes),
            "postal_code": digits(10**4, 7),
            "address": pick(blocks),
            "qualified_on": _to_era(rng.integers(7_400, 19_000, count), "%m%d"),
        }
    )  # fmt: skip


def _make_visits(people: pa.Table, rows: int, rng: np.random.Generator) -> pa.Table:
    """Return claims of people drawn at random."""

    def texts(numbers: np.ndarray) -> pa.Array:  # type: ignore[type-arg]
        return pa.array(numbers.astype(np.int64)).cast(pa.string())

    table = people.take(pa.array(rng.integers(0, people.num_rows, rows)))
    points = rng.lognormal(6.5, 1.0, rows).astype(np.int64) + 10
    added = {
        "treated_month": _to_era(rng.integers(18_400, 20_000, rows), "%m"),
        "care_kind": pa.array(CARE_KINDS).take(pa.array(rng.integers(0, len(CARE_KINDS), rows))),
        "facility_code": texts(9_010_000_000 + rng.integers(0, 500, rows)),
        "disease_code": pa.array([f"{chr(65 + i % 20)}{i % 100:02d}{i % 10}" for i in range(900)]).take(
            pa.array(rng.integers(0, 900, rows))
        ),
        "points": texts(points),
        "cost_yen": texts(points * 10),
        "copayment_yen": texts(points * 3),
        "days": texts(rng.integers(1, 29, rows)),
    }
    for name, column in added.items():
        table = table.append_column(name, column)
    return table


def _to_era(days: np.ndarray, form: str) -> pa.Array:  # type: ignore[type-arg]
    """Return days since 1970 as GYYMMDD, or GYYMM for `%m`."""
    dates = days.astype("datetime64[D]")
    starts = np.array(["1873-01-01", "1912-07-31", "1926-12-26", "1989-01-08", "2019-05-01"], dtype="datetime64[D]")
    era = np.searchsorted(starts, dates, side="right")
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970 - np.array([0, *FIRST_YEARS.values()])[era] + 1
    head = pa.array(era * 100 + years).cast(pa.string())
    return pc.binary_join_element_wise(head, pc.strftime(pa.array(dates), form), "")


def measure(*command: str) -> Use:
    """Return what a command used.

    Raises
    ------
    CalledProcessError
        It did not end well.
    """
    watched = [sys.executable, "-c", _WATCH, sys.executable, *command]
    wall, cpu, kib = subprocess.run(watched, check=True, capture_output=True, text=True, cwd=_ROOT).stdout.split()
    return Use(wall_seconds=float(wall), cpu_seconds=float(cpu), peak_bytes=int(kib) << 10)


def measure_often(runs: int, *command: str) -> Use:
    """Return what a command used in the run whose time on the clock is the middle one."""
    return sorted((measure(*command) for _ in range(runs)), key=lambda use: use.wall_seconds)[runs // 2]


def _describe_source(folder: Path, rows: int) -> list[str]:
    """Write the file and its layout, and return the arguments that name them."""
    source, layout = folder / "rows.csv", folder / "layout.yaml"
    write_rows(source, rows)
    write_layout(layout)
    # so that nobody pays for the writing of the file
    os.sync()
    return [str(source), "--table", "kokuho_benefit", "--layout", str(layout), "--as-of", "2025-04-01"]


def measure_convert(folder: Path, described: list[str], runs: int) -> Use:
    """Return what `intake convert` uses on a file; its outputs stay in the folder."""
    outputs = ["--output", str(folder / "sakusei.parquet"), "--report", str(folder / "report.json")]
    return measure_often(runs, *_SAKUSEI, "intake", "convert", *described, *outputs)


def measure_all(folder: Path, rows: int, runs: int = RUNS) -> dict[str, Use]:
    """Write the file to a folder, convert it in each way, and return what each used; the outputs stay there."""
    described = _describe_source(folder, rows)

    def measure_rival(name: str, runs: int) -> Use:
        return measure_often(runs, "-m", "bench.intake_rivals", name, described[0], str(folder / f"{name}.parquet"))

    return {
        "sakusei": measure_convert(folder, described, runs),
        "pandas": measure_rival("pandas", 1),
        "checks": measure_rival("checks", 1),
        "arrow": measure_rival("arrow", runs),
    }


def measure_officer(folder: Path, rows: int) -> dict[str, Use]:
    """Return what checking and sealing use on the file."""
    described = _describe_source(folder, rows)
    _, recipient = Keys.create(folder / "keys").publish(folder)
    code = next(found.code for found in list_municipalities(synthetic=True))
    sending = ["--to", str(recipient), "--municipality", code, "--output", str(folder / "rows.sakusei")]
    return {
        "check": measure(*_SAKUSEI, "intake", "check", *described),
        "seal": measure(*_SAKUSEI, "intake", "seal", *described, *sending),
    }


def run(rows: int = 1_000_000) -> list[str]:
    """Return one line on the file, and one per way: seconds on the clock and of processors, how many times ours, peak memory."""
    with tempfile.TemporaryDirectory(prefix="sakusei-bench-") as name:
        folder = Path(name)
        used = measure_all(folder, rows)
        lines = describe(rows, (folder / "rows.csv").stat().st_size, used)
        lines += [_describe_use(command, use) for command, use in measure_officer(folder, rows).items()]
        many = measure_convert(folder, _describe_source(folder, TIMES * rows), 1)
        return [*lines, f"{TIMES * rows:,} rows", _describe_use("sakusei", many)]


def _describe_use(name: str, use: Use) -> str:
    return f"  {name:<8}{use.wall_seconds:6.1f} s, {use.cpu_seconds:6.1f} s of processors, peak {use.peak_bytes / 2**20:,.0f} MiB"


def describe(rows: int, size_bytes: int, used: dict[str, Use]) -> list[str]:
    """Return the lines of a measurement."""
    ours = used["sakusei"]
    lines = [f"{rows:,} rows, {len(COLUMNS)} columns, {size_bytes / 2**20:.0f} MiB of CP932"]
    for name, use in used.items():
        clock = f"{use.wall_seconds:6.1f} s ({use.wall_seconds / ours.wall_seconds:.2f} x)"
        processors = f"{use.cpu_seconds:6.1f} s of processors ({use.cpu_seconds / ours.cpu_seconds:.2f} x)"
        lines.append(f"  {name:<8}{clock}, {processors}, peak {use.peak_bytes / 2**20:,.0f} MiB")
    return lines


if __name__ == "__main__":
    print("\n".join(run(*(int(size) for size in sys.argv[1:2]))))
