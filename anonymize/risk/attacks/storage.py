"""Storage: what a Parquet file tells beside its cells: statistics, indexes, filters, metadata of other software, values no row has.

Decided here: how many kinds of traces make which figure. Not decided here: which traces there are (`anonymize.verify.storage`).
"""

from pathlib import Path

import pyarrow as pa

from anonymize.risk.attacks.result import Score
from anonymize.verify.storage import TRACES, find_traces
from schemas.messages import N_

CODE = "storage"
TITLE = N_("reading what the file tells beside its cells")
ATTACKER = N_("reads statistics, indexes, filters, dictionaries and metadata of the file")
SOURCE = "S. Melnik et al. (2010), Dremel, doi:10.14778/1920841.1920886; Apache Parquet format 2.11"


def attack(path: Path) -> Score:
    """Return the share of the kinds of traces that are found; 0 where the file tells its cells alone."""
    share = len(find_traces(path)) / len(TRACES)
    return Score(members=share, strangers=None, baseline=0.0, excess=share, interval=(share, share))


def write_careless(table: pa.Table, path: Path) -> None:
    """Write the positive control: a table as usual software writes it, with rows left out of a table that had more."""
    coded = [column.dictionary_encode() if pa.types.is_string(column.type) else column for column in table.columns]
    pa.table(coded, names=table.column_names).to_pandas().iloc[::2].to_parquet(path, index=True)
