"""Claims written as records and read again are the claims that were meant; whatever happens to the lines, no row is lost unsaid."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.convert import Outputs, convert_source
from intake.layout import load_layout
from sample_data.rezept import write_claims
from sample_data.write import Sample, iterate_tables
from schemas.errors import FileRejected
from schemas.tables import load_table

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
LOST = {"household_key", "relationship", "municipality_code", "postal_code", "address", "phone", "qualified_on", "lost_on", "loss_reason"}
LOST |= {"income_class", "disease_code", "third_party_act", "high_cost_yen", "note", "person_key"}
TEXT = st.text(alphabet=st.sampled_from("山田髙﨑①ー・abc\"' "), min_size=1, max_size=8).map(lambda text: f"名{text}姓")
DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2024, 12, 31))
CLAIMS = st.fixed_dictionaries(
    {
        "insurer_number": st.just("138016"),
        "insured_symbol": st.sampled_from(["千", "1", "ア"]),
        "insured_number": st.sampled_from(["1", "00000002", "12-3"]),
        "insured_branch": st.sampled_from(["01", "02"]),
        "name": TEXT,
        "name_kana": st.sampled_from(["ミホン　ハナコ", "ヴァン　デル"]),
        "birth_date": DAYS,
        "sex": st.sampled_from(["1", "2"]),
        "treated_month": DAYS.map(lambda day: day.replace(day=1)),
        "care_kind": st.sampled_from(["1", "2", "3", "4", "6"]),
        "department": st.sampled_from([None, "01", "20"]),
        "facility_code": st.sampled_from(["9010000001", "9030000002", "9040000003"]),
        "facility_name": st.sampled_from(["見本病院"]),
        "disease_name": TEXT,
        "outcome": st.sampled_from(["1", "2", "3", "4"]),
        "public_payer": st.sampled_from([None, "12", "54"]),
        "days": st.integers(0, 31),
        "points": st.integers(0, 10**7),
        "copayment_yen": st.integers(0, 10**6),
        "meal_yen": st.integers(0, 10**5),
        "note": st.sampled_from([None, "電話で確認済み。"]),
    }
)


def to_table(claims):
    table = load_table("kokuho_benefit")
    rows = [{**claim, "person_key": "X" * 10, "municipality_code": "902012", "cost_yen": claim["points"] * 10} for claim in claims]
    # the fee table of a facility is the third digit of its code; a claim is of the fee table of its facility
    fee = {"1": "1", "2": "1", "3": "3", "4": "4", "6": "6"}
    for row in rows:
        row["facility_code"] = row["facility_code"][:2] + fee[row["care_kind"]] + row["facility_code"][3:]
    return pa.Table.from_pylist(rows, schema=table.arrow_schema())


def read(path, tmp_path):
    out, aside = tmp_path / "out.parquet", tmp_path / "aside.parquet"
    report = convert_source(path, load_layout("kokuho-rezept"), Outputs(table=out, quarantine=aside))
    return report, pq.read_table(out), pq.read_table(aside)


def in_order(rows):
    return sorted(tuple(str(row[name]) for name in sorted(row) if name not in LOST) for row in rows)


@QUICK
@given(claims=st.lists(CLAIMS, min_size=1, max_size=15))
def test_claims_come_back_from_their_records(tmp_path, claims):
    path, meant = tmp_path / "claims.uke", to_table(claims)
    assert sum(table.num_rows for table in write_claims(path, [meant])) == len(claims)
    report, rows, aside = read(path, tmp_path)
    assert (report.rows_in, report.rows_out, aside.num_rows) == (len(claims), len(claims), 0)
    assert in_order(rows.drop_columns(["source_row"]).to_pylist()) == in_order(meant.to_pylist())
    lines = path.read_bytes().decode("cp932").split("\r\n")
    assert all(lines[number - 1].startswith("RE,") for number in rows["source_row"].to_pylist())
    key = {(row["insured_symbol"], row["insured_number"], row["insured_branch"]): row["person_key"] for row in rows.to_pylist()}
    assert len(set(key.values())) == len(key) == report.persons_out


@QUICK
@given(claims=st.lists(CLAIMS, min_size=1, max_size=6), data=st.data())
def test_lines_taken_away_or_put_twice_never_lose_a_row_unsaid(tmp_path, claims, data):
    path = tmp_path / "claims.uke"
    list(write_claims(path, [to_table(claims)]))
    lines = path.read_bytes().split(b"\r\n")[:-1]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        if data.draw(st.booleans()):
            lines.insert(place, lines[data.draw(st.integers(0, len(lines) - 1))])
        elif len(lines) > 1:
            del lines[place]
    path.write_bytes(b"".join(line + b"\r\n" for line in lines))
    claimed = sum(line.startswith(b"RE,") for line in lines)
    try:
        report, rows, aside = read(path, tmp_path)
    except FileRejected as refused:
        assert refused.findings or "rows" in str(refused)
        return
    # every claim is in the output or put aside; records that stand alone are rows put aside as well
    assert report.rows_in == rows.num_rows + aside.num_rows >= claimed
    assert rows.num_rows <= claimed


def test_a_synthetic_file_of_claims_comes_back_to_the_row(tmp_path):
    sample = Sample(table="kokuho_benefit", municipality="902012", persons=150, months=3)
    path = tmp_path / "claims.uke"
    meant = list(write_claims(path, iterate_tables(sample)))
    report, rows, _ = read(path, tmp_path)
    told = [row for table in meant for row in table.to_pylist()]
    assert in_order(rows.drop_columns(["source_row"]).to_pylist()) == in_order(told)
    assert report.persons_out == len({row["person_key"] for row in told})
