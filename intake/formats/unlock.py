"""Runs alone in a child process: opens a workbook that is locked with a password, and writes it without.

Decided here: what counts as locked, and how the trial ends, as the status of the process. The password comes by standard input, is kept
by nobody and printed nowhere.
"""

import io
import sys
from pathlib import Path

from intake.formats.workbook import limit_process

NOT_LOCKED, LOCKED, WRONG_PASSWORD, BROKEN = 3, 4, 5, 6


def unlock(source: str, target: str, password: str) -> int:
    """Write a workbook without its lock, and return how it went; nothing is written unless it was opened."""
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    with Path(source).open("rb") as locked:
        try:
            file = msoffcrypto.OfficeFile(locked)
            if not file.is_encrypted():
                return NOT_LOCKED
        except (FileFormatError, ParseError, OSError):
            # no document of Office at all: its reader says so
            return NOT_LOCKED
        if not password:
            return LOCKED
        plain = io.BytesIO()
        try:
            file.load_key(password=password, verify_password=True)
            file.decrypt(plain)
        except InvalidKeyError:
            return WRONG_PASSWORD
        except (DecryptionError, FileFormatError, ParseError, OSError):
            return BROKEN
    with Path(target).open("xb") as opened:
        opened.write(plain.getbuffer())
    return 0


def main(arguments: list[str]) -> None:
    """Unlock what the arguments name: source, target, memory limit, CPU limit."""
    source, target, memory, cpu = arguments
    limit_process(int(memory), int(cpu))
    password = sys.stdin.buffer.read().decode("utf-8")
    sys.stderr.close()
    sys.exit(unlock(source, target, password))


if __name__ == "__main__":
    main(sys.argv[1:])
