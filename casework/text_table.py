"""The table of every answer to people: no frame, translated headings, nothing cut."""

from rich.table import Table

from casework.i18n import translate


def make_table(*headings: str) -> Table:
    """Return an empty table.

    Parameters
    ----------
    *headings : str
        English templates, one per column; shown in the reader's language.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(translate(heading), overflow="fold")
    return table
