"""The evaluators' own words kept off the terminal: what they warn of is measured and told by our controls."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LOGGER = "anonymeter"


@contextmanager
def quieten() -> Iterator[None]:
    """Silence warnings and log lines of anonymeter while an attack runs."""
    logger = logging.getLogger(LOGGER)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
