"""Pseudonyms: released ids that somebody could compute from keys, by brute force over keys and over common ways to make an id.

Decided here: which ways are tried, and that a way counts only where the rows it leads to fit the person more often than those of another
person's key: small numbers match by chance. The way is chosen on one half of the persons and measured on the other.
"""

import base64
import hashlib
import hmac
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from anonymize.risk.attacks.result import Score, score_against_control
from schemas.messages import N_

CODE = "pseudonyms"
TITLE = N_("computing ids from keys")
ATTACKER = N_(
    "holds a register with keys, and tries {ways} common ways to make an id of a key (hashes, salts, codings, places in an order)"
)
SOURCE = (
    "M. M. Douriez et al. (2016), Anonymizing NYC taxi data: does it matter?, doi:10.1109/DSAA.2016.21; "
    "L. Demir et al. (2018), The pitfalls of hashing for privacy, doi:10.1109/COMST.2017.2747598"
)
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "sha3_256")
SALTS = ("salt", "secret", "password", "key", "0", "1234", "sakusei", "test")
SURE = 1e-4  # an id that is computed fits nearly everybody; what chance does more often than this is chance
CUTS = (8, 10, 16, 20, 32)

Way = Callable[[str], str]
Fits = Callable[[Sequence[str], NDArray[np.int64]], NDArray[np.bool_]]


def list_ways(persons: int, orders: Sequence[Mapping[str, int]] = ()) -> dict[str, Way]:
    """Return the ways to make an id that are tried, by name.

    Parameters
    ----------
    persons : int
        Released persons: what a number would be reduced by.
    orders : sequence of Mapping[str, int]
        Place of each key in an order (of the keys, of the rows), from 0.
    """
    ways: dict[str, Way] = {"same": str, "reversed": lambda key: key[::-1], "number": lambda key: str(_number(key))}
    for name in HASHES:
        ways[name] = partial(_hash, name)
        ways |= {f"{name}:{cut}": partial(_cut_hash, name, cut) for cut in CUTS}
        ways[f"{name}%"] = partial(_reduce_hash, name, max(persons, 1))
        ways[f"{name}=64"] = partial(_code_hash, name)
        for salt in SALTS:
            ways[f"{salt}+{name}"] = partial(_salt, name, salt, "")
            ways[f"{name}+{salt}"] = partial(_salt, name, "", salt)
            ways[f"hmac-{name}-{salt}"] = partial(_sign, name, salt)
    ways["base64"] = lambda key: base64.b64encode(key.encode()).decode()
    ways["hex"] = lambda key: key.encode().hex()
    ways["crc32"] = lambda key: f"{zlib.crc32(key.encode()):08x}"
    ways["crc32-number"] = lambda key: str(zlib.crc32(key.encode()))
    ways["uuid5"] = lambda key: str(uuid.uuid5(uuid.NAMESPACE_OID, key))
    for size in (persons, persons + 1, 10**4, 10**5, 10**6):
        ways[f"modulo-{size}"] = partial(_reduce, max(size, 1))
    for i, order in enumerate(orders):
        ways[f"order-{i}"] = partial(_place, order, 1, 1)
        ways[f"order-{i}-from-0"] = partial(_place, order, 0, 1)
        ways[f"order-{i}-backwards"] = partial(_place, order, len(order), -1)
    return ways


def attack(keys: Sequence[str], ways: Mapping[str, Way], fits: Fits) -> Score:
    """Return how often the best way leads from a person's key to rows that fit the person, beyond another person's key.

    Parameters
    ----------
    keys : sequence of str
        One per person attacked; the first half serves to choose the way, the second to measure it.
    ways : Mapping[str, callable]
        See `list_ways`.
    fits : callable
        Of ids and (as many) numbers of persons: whether rows with that id fit the person.
    """
    half = len(keys) // 2
    trained = np.arange(half)
    gains = {}
    for name, way in ways.items():
        own, other = _try(way, keys, trained, fits)
        gains[name] = own - other
    best = max(gains, key=lambda name: gains[name])
    tested = np.arange(half, len(keys))
    own, other = _try(ways[best], keys, tested, fits)
    score = score_against_control(trials=len(tested), members=own, strangers=other, baseline=None)
    table = [[own, len(tested) - own], [other, len(tested) - other]]
    if float(fisher_exact(table, alternative="greater").pvalue) < SURE:
        return score
    return replace(score, excess=0.0, interval=(0.0, score.interval[1]))


def _try(way: Way, keys: Sequence[str], persons: NDArray[np.int64], fits: Fits) -> tuple[int, int]:
    """Return how many persons are fitted by the id of their key, and by that of their neighbour's."""
    ids = [way(keys[person]).lower() for person in persons]
    others = ids[1:] + ids[:1]
    return int(fits(ids, persons).sum()), int(fits(others, persons).sum())


def _hash(name: str, key: str) -> str:
    return hashlib.new(name, key.encode()).hexdigest()


def _cut_hash(name: str, cut: int, key: str) -> str:
    return _hash(name, key)[:cut]


def _reduce_hash(name: str, size: int, key: str) -> str:
    return str(int(_hash(name, key), 16) % size + 1)


def _code_hash(name: str, key: str) -> str:
    return base64.b64encode(hashlib.new(name, key.encode()).digest()).decode()


def _salt(name: str, before: str, after: str, key: str) -> str:
    return _hash(name, before + key + after)


def _place(order: Mapping[str, int], start: int, step: int, key: str) -> str:
    return str(start + step * order[key])


def _sign(name: str, salt: str, key: str) -> str:
    return hmac.new(salt.encode(), key.encode(), name).hexdigest()


def _number(key: str) -> int:
    """Return the digits of a key as a number."""
    digits = "".join(letter for letter in key if letter.isdecimal())
    return int(digits or "0")


def _reduce(size: int, key: str) -> str:
    return str(_number(key) % size)
