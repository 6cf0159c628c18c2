"""A small package made from a hand-written table, without an office."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from release.archive import pack
from release.package import PackageSpec, PackageTable, assemble
from release.promise import compare
from release.released import count_persons, open_released
from release.terms import make_licence
from schemas.regimes import load_regime
from schemas.tables import load_table

PLAN = {
    "privacy": {"k": 2},
    "columns": {
        "name": {"role": "direct_identifier", "treatment": "drop", "clause": 1},
        "person_key": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "birth_date": {"role": "quasi_identifier", "hierarchy": {"intervals": [5, 10]}, "clause": 5},
        "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "cost_yen": {"role": "attribute", "treatment": {"round_to": 1000}, "clause": 4},
    },
}
PROPOSAL = {
    "context": "contract",
    "purpose": "年齢・性別ごとの給付の実績の分析",
    "period": {"from": "2026-12-01", "to": "2027-11-30"},
    "columns": [{"column": "birth_date", "granularity": "10"}, {"column": "sex", "granularity": "value"}],
}


def field(name, kind, column, part, **facts):
    text = json.dumps({"column": column, "part": part, "level": None, **facts}, ensure_ascii=False)
    return pa.field(name, kind, metadata={"sakusei": text})


def write_released(path, rows, *, unit="person_key"):
    """Write rows of (id, age label, sex, cost) as a released file."""
    quasi = {"role": "quasi_identifier", "clause": 5, "treatment": "recode"}
    label = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [
            field("person_key", pa.int64(), "person_key", "id", role="linking_code", clause=3, treatment="fresh_id"),
            field("birth_date", label, "birth_date", "label", **(quasi | {"level": "10"})),
            field("birth_date_from", pa.int64(), "birth_date", "from", **(quasi | {"level": "10"})),
            field("sex", label, "sex", "label", **quasi),
            field("cost_yen", pa.int64(), "cost_yen", "value", role="attribute", clause=4, treatment="round_to"),
        ],
        metadata={"sakusei": json.dumps({"plan_sha256": "0" * 64, "k": 2, "unit": unit})},
    )
    ids, ages, sexes, costs = zip(*rows, strict=True) if rows else ((), (), (), ())
    starts = [int(age[:2]) for age in ages]
    table = pa.table(
        [pa.array(column, kind.type) for column, kind in zip((ids, ages, starts, sexes, costs), schema, strict=True)], schema=schema
    )
    pq.write_table(table, path, write_statistics=False)
    return open_released(path)


ROWS = [
    (7, "30〜39歳", "女", 1000),
    (3, "30〜39歳", "女", 2000),
    (3, "30〜39歳", "女", 5000),
    (9, "40〜49歳", "男", 1000),
    (1, "40〜49歳", "男", 0),
]


@pytest.fixture
def signing_key():
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def public_pem(signing_key):
    return signing_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def plan():
    """The plan of the hand-written table."""
    return PLAN


@pytest.fixture
def make_table():
    """A maker of tables ready to be packaged."""
    return new_table


@pytest.fixture
def package_table(tmp_path):
    return new_table(tmp_path / "written.parquet")


def new_table(path, rows=ROWS, **changes):
    released = write_released(path, rows)
    columns = {entry["column"]: entry["granularity"] for entry in PROPOSAL["columns"]}
    fields = {
        "file_id": "F-0001",
        "municipality_ja": "見本市",
        "schema": load_table("kokuho_benefit"),
        "released": released,
        "k": 2,
        "persons": count_persons(released),
        "promises": compare(PLAN, columns, columns, released, {}),
        "level_titles": {"birth_date": {"10": "10歳階級"}},
        "hashes": {"plan_sha256": "0" * 64, "output_sha256": "1" * 64},
        "risk": {},
        "risk_page": "<!DOCTYPE html><title>報告</title>".encode(),
    }
    return PackageTable(**(fields | changes))


def make_spec(table, **changes):
    regime = load_regime("tokumei-2023")
    licence = make_licence(
        release_id="L-0001", case_id="C-0001", office="見本作成組織", regime=regime, proposal=PROPOSAL, tables=("国民健康保険給付記録",)
    )
    fields = {
        "release_id": "L-0001",
        "case_id": "C-0001",
        "office": "見本作成組織",
        "made_at": "2026-11-23T09:00:00+09:00",
        "audit_head": "a" * 64,
        "synthetic": True,
        "regime": regime,
        "licence": licence,
        "tables": (table,),
        "software": "sakusei 0",
    }
    return PackageSpec(**(fields | changes))


@pytest.fixture
def spec(package_table):
    """What the package is made of."""
    return make_spec(package_table)


@pytest.fixture
def package(tmp_path, package_table, signing_key, public_pem):
    """A signed package: (folder, zip)."""
    folder = tmp_path / "out" / "L-0001"
    folder.mkdir(parents=True)
    assemble(make_spec(package_table), folder, signing_key.sign, public_pem.decode())
    archive = folder.with_suffix(".zip")
    pack(folder, archive)
    return folder, archive
