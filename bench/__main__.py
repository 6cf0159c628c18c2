"""Run the benchmarks and print their lines: `python -m bench [NAME ...]`."""

import importlib
import os
import platform
import sys

NAMES = ("search", "scale", "intake", "my_number")


def main(names: tuple[str, ...]) -> None:
    """Print each benchmark's lines under its name."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name in names:
        print(f"\n== {name}")
        for line in importlib.import_module(f"bench.{name}").run():
            print(line, flush=True)


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or NAMES)
