"""Kill every step of an office at random moments, run it again, and look whether anything was lost, doubled or left behind.

    .venv/bin/python scripts/soak.py FOLDER [--kills 3] [--seed 1] [--people 300]

The day of the README, word by word, twice: once untouched (which tells how long each command takes), once with every command killed by
SIGKILL at random moments of that time, some times, before it may end. Prints what commands said after a kill, and ends with exit code 1
when a command could not carry on, the books do not hold, or anything half-written is left.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

DONE = ("already",)  # what a step says that was done before the kill
TESTS = ("contribution", "period", "protection", "hindrance")
ROLES = ("screener", "approver", "processor", "reviewer", "release_officer", "auditor")


def list_steps(folder: Path) -> list[list[str]]:
    """Return the commands of a day, without --home."""
    sample, plan = folder / "sample", folder / "plan.yaml"
    bundle, receipt = folder / "k.sakusei", folder / "receipt.json"
    steps = ["init --synthetic --name 作成組織 --as chief"]
    steps += [f"person add {role} --role {role} --as chief" for role in ROLES]
    steps += [
        f"register add {sample}/synthetic-902012-kokuho_benefit.register.yaml --as screener",
        f"proposal submit {sample}/synthetic-proposal-insurer.yaml --as screener",
        "proposal screen C-0001 --as screener",
    ]
    steps += [f"proposal review C-0001 --criterion {test} --verdict pass --reason 書面のとおり --as reviewer" for test in TESTS]
    steps += [
        "proposal decide C-0001 --accept --as approver",
        "request issue C-0001 --as screener",
        "request answer F-0001 --consent --as screener",
        "fee C-0001 --hours 10 --as screener",
        "fee C-0001 --paid --as screener",
        "contract sign C-0001 --as approver",
        f"intake receive {bundle} --file F-0001 --receipt {receipt} --as processor",
        "intake normalise F-0001 --as processor",
        f"anonymize process F-0001 --plan {plan} --as processor",
        "risk review F-0001 --as reviewer",
        "release build C-0001 --as release_officer",
        "release recall L-0001 --reason request --as release_officer",
        "vault erase F-0001 --order --as processor",
        "vault erase F-0001 --as release_officer",
    ]
    return [step.split(" ") for step in steps]


@dataclass(slots=True)
class Soak:
    """One office under test, and what was found wrong."""

    folder: Path
    draw: random.Random
    wrong: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The workspace."""
        return self.folder / "office"

    def call(self, words: list[str], *, seconds: float | None = None) -> tuple[int, str, float]:
        """Run a command, killed after `seconds`; return exit code, what it said, and how long it took."""
        command = [str(Path(sys.executable).with_name("sakusei")), *words, "--home", str(self.home), "--lang", "en"]
        start = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            try:
                said, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                said, _ = process.communicate()
        return process.returncode, said.strip(), time.monotonic() - start

    def take(self, words: list[str], lasts: float, kills: int) -> None:
        """Take one step: killed some times, then to its end."""
        done = 0
        for _ in range(kills):
            code, _, _ = self.call(words, seconds=self.draw.uniform(0.3, 1.0) * lasts)
            done += code == 0
        code, said, _ = self.call(words)
        if code and not any(word in said for word in DONE):
            self.wrong.append(f"{' '.join(words[:3])}: exit {code}: {said}")
        print(
            f"{' '.join(words[:3]):40} ended before the kill {done}/{kills}; then {code}: {said.splitlines()[0] if said else ''}",
            flush=True,
        )

    def look(self) -> None:
        """Look at what is left: the books, files half-written, entries that stand twice."""
        for words in (["audit", "verify", "--deep"], ["status"]):
            code, said, _ = self.call([*words, "--as", "auditor"])
            if code:
                self.wrong.append(f"{' '.join(words)}: exit {code}: {said}")
        self.wrong += [f"left behind: {path.relative_to(self.home)}" for path in self.home.rglob("*.part")]
        self.wrong += [f"left behind: {path.relative_to(self.home)}" for path in (self.home / "work").iterdir() if path.is_dir()]
        for words, count in ((["register", "list"], 1), (["proposal", "list"], 1), (["release", "list"], 1)):
            _, said, _ = self.call([*words, "--json", "--as", "auditor"])
            entries = next(value for value in json.loads(said).values() if isinstance(value, list))
            if len(entries) != count:
                self.wrong.append(f"{' '.join(words)}: {len(entries)} instead of {count}")


def prepare(folder: Path, people: int) -> None:
    """Write the sample and the plan."""
    tool = str(Path(sys.executable).with_name("sakusei"))
    for words in (
        ["sample", "write", "--output", str(folder / "sample"), "--people", str(people)],
        ["anonymize", "plan", "--table", "kokuho_benefit", "--output", str(folder / "plan.yaml")],
    ):
        subprocess.run([tool, *words], check=True, stdout=subprocess.DEVNULL)


def seal(soak: Soak) -> None:
    """Seal the file to the office, as the municipality would."""
    source, bundle = soak.folder / "sample" / "synthetic-902012-kokuho_benefit.csv", soak.folder / "k.sakusei"
    bundle.unlink(missing_ok=True)
    words = ["intake", "seal", str(source), "--table", "kokuho_benefit", "--to", str(soak.home / "office.age.pub")]
    words += ["--municipality", "902012", "--as-of", "2025-04-01", "--output", str(bundle)]
    subprocess.run([str(Path(sys.executable).with_name("sakusei")), *words], check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Run the soak and return 1 when anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=3000)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True)
    prepare(asked.folder, asked.people)
    lasts: dict[int, float] = {}
    found: list[str] = []
    for name, kills in (("untouched", 0), ("killed", asked.kills)):
        (asked.folder / name).mkdir()
        for part in ("sample", "plan.yaml"):
            (asked.folder / name / part).symlink_to((asked.folder / part).resolve())
        soak = Soak(folder=asked.folder / name, draw=random.Random(asked.seed))  # noqa: S311 - moments, no secrets
        for number, words in enumerate(list_steps(soak.folder)):
            start = time.monotonic()
            soak.take(words, lasts.get(number, 0.0), kills)
            lasts.setdefault(number, time.monotonic() - start)
            if words[:1] == ["init"]:
                seal(soak)
        soak.look()
        found += soak.wrong
    print("\n".join(found) or "nothing was lost, doubled or left behind")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
