"""Work ahead: one thread makes the next pieces while another works on the last ones."""

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")
DEPTH = 8
PAUSE_SECONDS = 0.1


class _End(Generic[Item]):
    """The last thing a maker says: that it is done, or why it stopped."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def work_ahead(items: Iterator[Item], depth: int = DEPTH) -> Iterator[Item]:
    """Yield the items in their order, made by a thread of their own that is at most `depth` items ahead.

    An error of the maker is raised here. When the reader stops early, the maker stops at its next item, before this returns.
    """
    ready: queue.Queue[Item | _End[Item]] = queue.Queue(maxsize=depth)
    stop = threading.Event()
    maker = threading.Thread(target=_make, args=(items, ready, stop), name="sakusei-ahead", daemon=True)
    maker.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        maker.join()


def _make(items: Iterator[Item], ready: "queue.Queue[Item | _End[Item]]", stop: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            if not _put(ready, item, stop):
                return
    except BaseException as raised:  # noqa: BLE001 - handed to the reader, which raises it
        error = raised
    _put(ready, _End(error), stop)


def _put(ready: "queue.Queue[Item | _End[Item]]", item: Item | _End[Item], stop: threading.Event) -> bool:
    """Put an item when there is room; return False when nobody reads any more."""
    while not stop.is_set():
        try:
            ready.put(item, timeout=PAUSE_SECONDS)
        except queue.Full:
            continue
        return True
    return False
