"""Free text of synthetic files: mostly none, sometimes a remark with the person's name in it, as such columns have."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

NOTES = {
    "kokuho_benefit": (
        ("電話で確認済み。", 0.010),
        ("世帯主から照会あり、{}様へ説明。", 0.008),
        ("返戻後再請求。", 0.008),
        ("{}様 住所変更の届出あり。", 0.006),
        ("第三者行為の疑い、照会中。", 0.003),
    ),
    "nursing_home_waitlist": (
        ("家族の{}様より至急の希望。", 0.03),
        ("ショートステイ利用中。", 0.05),
        ("{}様 入院中、退院後に再調整。", 0.02),
        ("遠方の施設は希望しない。", 0.04),
        ("夜間の見守りが必要。", 0.04),
    ),
    "care_provider_staff": (
        ("{}氏 変更届受理。", 0.03),
        ("研修修了証を確認。", 0.06),
        ("他事業所と兼務。", 0.05),
        ("育児休業中。", 0.02),
    ),
}


def write_notes(table: str, surnames: pa.Array, who: NDArray[np.int64], rng: np.random.Generator) -> pa.DictionaryArray:
    """Return one remark or none per row.

    Parameters
    ----------
    table : str
        Whose remarks.
    surnames : pa.Array
        Surname per person.
    who : NDArray[np.int64]
        Person of each row.
    rng : np.random.Generator
        Source of chance.
    """
    texts, shares = zip(*NOTES[table], strict=True)
    drawn = np.searchsorted(np.cumsum(shares), rng.random(len(who)), side="right")
    rows = np.flatnonzero(drawn < len(texts))
    names = surnames.take(pa.array(who[rows])).to_pylist()
    remarks = [texts[kind].format(name) for kind, name in zip(drawn[rows], names, strict=True)]
    index = np.full(len(who), -1, dtype=np.int32)
    index[rows] = np.arange(len(rows))
    return pa.DictionaryArray.from_arrays(pa.array(index, mask=index < 0), pa.array(remarks, pa.string()))
