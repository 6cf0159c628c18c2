"""Run the benchmarks and print their lines: `python -m bench [NAME ...] [--rows MILLIONS ...]`."""

import argparse
import importlib
import os
import platform

NAMES = ("search", "wide", "rivals", "scale", "intake", "my_number")


def main(names: list[str], millions: list[int] | None, methods: list[str] | None) -> None:
    """Print each benchmark's lines under its name; `millions` are the sizes of `scale`, `methods` its kinds of run."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name in names:
        print(f"\n== {name}")
        settings = {"millions": millions, "methods": methods} if name == "scale" else {}
        settings = {setting: value for setting, value in settings.items() if value}
        for line in importlib.import_module(f"bench.{name}").run(**settings):
            print(line, flush=True)


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="python -m bench")
    reader.add_argument("names", nargs="*", help=f"which of {', '.join(NAMES)}; all when none is named", metavar="NAME")
    reader.add_argument("--rows", type=int, nargs="+", metavar="MILLIONS", help="sizes of scale, in million rows [1 10]")
    reader.add_argument("--methods", nargs="+", metavar="METHOD", help="kinds of run of scale [global strict local spark]")
    asked = reader.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        reader.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    main(asked.names or list(NAMES), asked.rows, asked.methods)
