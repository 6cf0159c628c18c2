"""What `sakusei intake convert` is measured against, each run in a process of its own: `python -m bench.intake_rivals NAME SOURCE TARGET`.

`pandas`: the script one writes first: read everything as text, a Python function per cell where pandas has none, the same values out, rows
with a wrong check digit, code or date put aside. `checks`: the same script, and what else sakusei does with such a file, each in the
plainest way: individual numbers looked for, cells changed counted, repeated rows and keys found, both files hashed, an account written; it
looks for numbers only in cells of twelve digits, and makes no checks across columns. `arrow`: reading and writing alone; every column stays
text.
"""

import hashlib
import json
import sys
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

COLUMNS = (
    "person_key", "insurer_number", "insured_number", "insured_branch", "name_kana", "name", "birth_date", "sex", "municipality_code",
    "postal_code", "address", "qualified_on", "treated_month", "care_kind", "facility_code", "disease_code", "points", "cost_yen",
    "copayment_yen", "days",
)  # fmt: skip
FIRST_YEARS = {"1": 1868, "2": 1912, "3": 1926, "4": 1989, "5": 2019}
FIRST_DAYS = {"1": date(1873, 1, 1), "2": date(1912, 7, 30), "3": date(1926, 12, 25), "4": date(1989, 1, 8), "5": date(2019, 5, 1)}
LAST_DAYS = {"1": date(1912, 7, 30), "2": date(1926, 12, 25), "3": date(1989, 1, 7), "4": date(2019, 4, 30), "5": date(9999, 12, 31)}
WIDE = str.maketrans("０１２３４５６７８９－", "0123456789-")
CARE_KINDS = ("1", "2", "3", "4")
KEY = ("person_key", "treated_month", "care_kind", "facility_code")
NUMBERS = ("points", "cost_yen", "copayment_yen", "days")


def read_era(text: str) -> date | None:
    """Return the day of GYYMMDD, or of GYYMM its first; None for none or a wrong one."""
    try:
        day = date(FIRST_YEARS[text[0]] + int(text[1:3]) - 1, int(text[3:5]), int(text[5:7] or 1))
    except (ValueError, KeyError, IndexError):
        return None
    return day if len(text) == 5 or FIRST_DAYS[text[0]] <= day <= LAST_DAYS[text[0]] else None


def is_insurer(text: str) -> bool:
    """Return whether an insurer number has its check digit."""
    products = [int(digit) * weight for digit, weight in zip(text[:-1], (2, 1, 2, 1, 2), strict=True)]
    return (10 - sum(product // 10 + product % 10 for product in products) % 10) % 10 == int(text[-1])


def is_municipality(text: str) -> bool:
    """Return whether a municipality code has its check digit."""
    products = [int(digit) * weight for digit, weight in zip(text[:-1], (6, 5, 4, 3, 2), strict=True)]
    return (11 - sum(products) % 11) % 10 == int(text[-1])


def is_individual(text: str) -> bool:
    """Return whether twelve digits have the check digit of an individual number."""
    rest = sum(int(digit) * weight for digit, weight in zip(text[:-1], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(text[-1])


def fold_kana(text: str) -> str:
    """Return a reading in full-width kana."""
    return unicodedata.normalize("NFKC", text).replace(" ", "\u3000")


def convert_with_pandas(source: str, target: str) -> None:
    """Convert as a straightforward script does."""
    frame = _read_texts(source)
    sound = _convert(frame)
    frame[sound].to_parquet(target, compression="zstd", index=False)


def check_with_pandas(source: str, target: str) -> None:
    """Convert as a straightforward script does that also looks for what must not be in the file, and tells what it did."""
    frame = _read_texts(source)
    account: dict[str, Any] = {"rows_in": len(frame), "rows_repeated": int(frame.duplicated().sum())}
    for name in COLUMNS:
        twelve = frame[name][frame[name].str.fullmatch("[0-9]{12}")].drop_duplicates()
        if 2 * sum(map(is_individual, twelve)) > max(len(twelve), 1):
            raise SystemExit(f"individual numbers in {name}")
    before = {name: frame[name] for name in ("name_kana", "address")}
    sound = _convert(frame)
    account["repairs"] = {name: int((texts != frame[name]).sum()) for name, texts in before.items()}
    account["keys_repeated"] = int(frame[sound].duplicated(list(KEY)).sum())
    account["filled"] = {name: int(count) for name, count in frame[sound].count().items()}
    account["distinct"] = {name: int(count) for name, count in frame[sound].nunique().items()}
    frame[sound].to_parquet(target, compression="zstd", index=False)
    account |= {"rows_out": int(sound.sum()), "persons": int(frame["person_key"][sound].nunique())}
    account["sha256"] = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in (source, target)]
    Path(f"{target}.json").write_text(json.dumps(account), encoding="utf-8")


def _read_texts(source: str) -> Any:
    """Return the file as texts without spaces at their ends."""
    import pandas as pd

    frame = pd.read_csv(source, header=None, names=list(COLUMNS), dtype=str, encoding="cp932", keep_default_na=False)
    return frame.apply(lambda column: column.str.strip())


def _convert(frame: Any) -> Any:
    """Put values in place of the texts, and return which rows are sound."""
    import pandas as pd
    import pyarrow as pa

    frame["name_kana"] = frame["name_kana"].map(fold_kana)
    frame["address"] = frame["address"].map(lambda text: text.translate(WIDE))
    for name in ("birth_date", "qualified_on", "treated_month"):
        frame[name] = pd.Series(frame[name].map(read_era), dtype=pd.ArrowDtype(pa.date32()))
    for name in NUMBERS:
        frame[name] = pd.to_numeric(frame[name])
    sound = frame["insurer_number"].map(is_insurer) & frame["municipality_code"].map(is_municipality)
    sound &= (
        frame["sex"].isin(["1", "2"]) & frame["care_kind"].isin(CARE_KINDS) & frame["disease_code"].str.fullmatch("[A-Z][0-9]{2}[0-9]?")
    )
    sound &= frame["postal_code"].str.fullmatch("[0-9]{7}") & frame["facility_code"].str.fullmatch("[0-9]{10}")
    return sound & frame[["birth_date", "treated_month"]].notna().all(axis=1) & frame["days"].between(0, 31)


def copy_with_arrow(source: str, target: str) -> None:
    """Read a CP932 CSV file and write Parquet, block by block, without any conversion."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    types = {name: pa.string() for name in COLUMNS}
    reader = pa_csv.open_csv(
        source,
        read_options=pa_csv.ReadOptions(column_names=list(COLUMNS), encoding="cp932", block_size=8 << 20),
        convert_options=pa_csv.ConvertOptions(column_types=types),
    )
    with reader, pq.ParquetWriter(target, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


if __name__ == "__main__":
    {"pandas": convert_with_pandas, "checks": check_with_pandas, "arrow": copy_with_arrow}[sys.argv[1]](*sys.argv[2:])
