"""What `sakusei intake convert` is measured against, each run in a process of its own: `python -m bench.intake_rivals NAME SOURCE TARGET`.

`pandas`: the script one writes first: read everything as text, a Python function per cell where pandas has none, the same values out, rows
with a wrong check digit, code or date put aside. It does not check the encoding, look for individual numbers or repeated rows, count
repairs, or write an account. `arrow`: reading and writing alone; every column stays text.
"""

import sys
import unicodedata
from datetime import date

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


def fold_kana(text: str) -> str:
    """Return a reading in full-width kana."""
    return unicodedata.normalize("NFKC", text).replace(" ", "\u3000")


def convert_with_pandas(source: str, target: str) -> None:
    """Convert as a straightforward script does."""
    import pandas as pd
    import pyarrow as pa

    frame = pd.read_csv(source, header=None, names=list(COLUMNS), dtype=str, encoding="cp932", keep_default_na=False)
    frame = frame.apply(lambda column: column.str.strip())
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
    sound &= frame[["birth_date", "treated_month"]].notna().all(axis=1) & frame["days"].between(0, 31)
    frame[sound].to_parquet(target, compression="zstd", index=False)


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
    {"pandas": convert_with_pandas, "arrow": copy_with_arrow}[sys.argv[1]](*sys.argv[2:])
