"""Ids computed from keys: brute force finds hashes, salts, orders and remainders, and nothing in a release."""

import hashlib
import hmac
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.pipeline import Job, process
from anonymize.risk.attacks import pseudonyms
from anonymize.risk.attacks.on_file import File, try_ids
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.attacks.subject import Attacked, AttackSettings
from anonymize.risk.released import open_released
from schemas.plan import parse_plan

PERSONS = 2000
SPACE = range(1_000_000, 2_000_000)  # a tenth of all numbers of seven digits
COLUMNS = {
    "key": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
    "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5, 10, 20]}, "clause": 5},
    "area": {"role": "quasi_identifier", "hierarchy": {"prefix": [2, 1]}, "clause": 5},
}
PLAN = {"plan": "p", "unit": "key", "privacy": {"k": 5}, "method": "local", "columns": COLUMNS}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two releases of persons whose keys all lie in a space that can be enumerated."""
    folder = tmp_path_factory.mktemp("ids")
    rng = np.random.default_rng(2)
    keys = rng.choice(np.arange(SPACE.start, SPACE.stop), PERSONS, replace=False)
    people = {"key": keys.astype(str), "age": rng.integers(20, 90, PERSONS), "area": rng.integers(100, 140, PERSONS).astype(str)}
    pq.write_table(pa.table(people), folder / "in.parquet")
    for name in ("first", "second"):
        process(Job(source=folder / "in.parquet", plan=parse_plan(PLAN), output=folder / f"{name}.parquet", compare=False))
    return folder


def read_ids(path):
    return {str(key).lower() for key in pq.read_table(path, columns=["key"]).column(0).to_pylist()}


def long_ways(*names):
    ways = pseudonyms.list_ways(PERSONS)
    return {name: ways[name] for name in names}


def find_computed(ids, keys, ways):
    """Return name of a way → how many of the keys it turns into an id of the file; ways that find none are left out."""
    found = {name: sum(way(key).lower() in ids for key in keys) for name, way in ways.items()}
    return {name: count for name, count in found.items() if count}


def test_a_million_keys_hashed_are_no_id_of_the_release(place):
    ids = read_ids(place / "first.parquet")
    keys = [str(key) for key in SPACE]
    assert find_computed(ids, keys, long_ways("md5", "sha1", "sha256")) == {}


def test_control_the_same_enumeration_finds_every_md5(place):
    keys = pq.read_table(place / "in.parquet").column("key").to_pylist()
    hashed = {hashlib.md5(key.encode(), usedforsecurity=False).hexdigest() for key in keys}
    assert find_computed(hashed, [str(key) for key in SPACE], long_ways("md5")) == {"md5": PERSONS}


def test_every_long_way_over_a_sample_of_the_space(place):
    ids = read_ids(place / "first.parquet")
    keys = [str(key) for key in SPACE[::200]] + pq.read_table(place / "in.parquet").column("key").to_pylist()[:500]
    short = ("order", "modulo", "%", "number", "same", "reversed")
    ways = {name: way for name, way in pseudonyms.list_ways(PERSONS).items() if not any(word in name for word in short)}
    assert len(ways) > 200
    assert find_computed(ids, keys, ways) == {}


def attack_file(place, name="first"):
    plan = parse_plan(PLAN)
    source = place / "in.parquet"
    with open_released(place / f"{name}.parquet", plan.unit) as released:
        originals = Originals(path=source, schema=pq.read_schema(source), unit=plan.unit)
        attacked = Attacked(originals=originals, released=released, plan=plan, process=lambda _from, _to: None)
        (result,) = try_ids(File(attacked=attacked, settings=AttackSettings(limits={"pseudonyms": 0.05}, seed=1), work=place))
    return result


def test_the_attack_of_the_suite_passes_the_release_and_fires_on_md5(place):
    result = attack_file(place)
    assert result.has_power
    assert result.unprotected.members > 0.95
    assert not result.exceeds
    assert result.released.excess == 0.0


@pytest.mark.parametrize(
    "way",
    ["md5", "sha256:16", "hmac-sha256-secret", "salt+sha1", "crc32", "order-0", "order-1-from-0", "modulo-1000000", "same", "sha1=64"],
)
def test_control_a_release_with_computed_ids_fires(place, way):
    originals = Originals(path=place / "in.parquet", schema=pq.read_schema(place / "in.parquet"), unit="key")
    by_row, by_key = originals.order_keys()
    keys = pq.read_table(place / "in.parquet").column("key").to_pylist()
    ways = pseudonyms.list_ways(PERSONS, (by_row, by_key))
    made = [ways[way](key).lower() for key in keys]
    owner = {identity: i for i, identity in enumerate(made)}

    def fits(ids, persons):
        # Everybody's row looks like that of nine others: the group of ten is what a class of ten tells.
        return np.array([owner.get(i, -PERSONS) // 10 == person // 10 for i, person in zip(ids, persons, strict=True)])

    score = pseudonyms.attack(keys[:400], ways, fits)
    assert score.members > 0.95
    assert score.interval[0] > 0.8


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_ids_drawn_at_random_are_not_taken_for_computed_ones(seed):
    # Four groups only: any id fits a quarter of persons by chance, and the best of hundreds of ways more than that.
    group = np.random.default_rng(seed).permutation(400) % 4

    def fits(ids, persons):
        return np.array([i.isdecimal() and 0 < int(i) <= 400 and group[int(i) - 1] == p % 4 for i, p in zip(ids, persons, strict=True)])

    keys = [str(1_000_000 + 7 * i) for i in range(400)]
    orders = {key: i for i, key in enumerate(keys)}, dict(zip(keys, range(399, -1, -1), strict=True))
    assert pseudonyms.attack(keys, pseudonyms.list_ways(400, orders), fits).excess == 0.0


def test_ids_differ_from_release_to_release(place):
    # The costs of equality: the same persons in the same order of the file, with other ids.
    first, second = (pq.read_table(place / f"{name}.parquet") for name in ("first", "second"))
    assert first.drop_columns(["key"]).equals(second.drop_columns(["key"]))
    same = np.mean(first.column("key").to_numpy() == second.column("key").to_numpy())
    assert same < 0.5
    assert read_ids(place / "first.parquet") == read_ids(place / "second.parquet") == {str(i + 1) for i in range(PERSONS)}


def test_ways_are_what_their_names_say():
    ways = pseudonyms.list_ways(97, ({"77": 4, "12": 9},))
    assert ways["md5"]("77") == hashlib.md5(b"77", usedforsecurity=False).hexdigest()
    assert ways["salt+sha256"]("77") == hashlib.sha256(b"salt77").hexdigest()
    assert ways["sha256+salt"]("77") == hashlib.sha256(b"77salt").hexdigest()
    assert ways["hmac-sha1-key"]("77") == hmac.new(b"key", b"77", "sha1").hexdigest()
    assert (ways["modulo-97"]("0-100"), ways["number"]("0-100"), ways["reversed"]("123")) == ("3", "100", "321")
    assert (ways["order-0"]("77"), ways["order-0-from-0"]("77"), ways["order-0-backwards"]("12")) == ("5", "4", "-7")
    assert len({way("0001000008") for way in itertools.islice(ways.values(), 100)}) > 90


def test_places_of_keys(tmp_path):
    pq.write_table(pa.table({"key": [30, 10, 30, 20]}), tmp_path / "in.parquet")
    originals = Originals(path=tmp_path / "in.parquet", schema=pq.read_schema(tmp_path / "in.parquet"), unit="key")
    assert originals.order_keys() == ({"30": 0, "10": 1, "20": 2}, {"30": 2, "10": 0, "20": 1})
