"""Files are written whole or not at all."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schemas import files
from schemas.files import canonical_json, readable_json, replace_file, sha256_bytes, sha256_file, write_bytes

KILLED = """
import os, signal, sys
from pathlib import Path
from schemas.files import replace_file
with replace_file(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_replace_file_renames_on_success(tmp_path):
    target = tmp_path / "a.txt"
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_replace_file_keeps_the_old_and_leaves_nothing_on_failure(tmp_path):
    target = tmp_path / "a.txt"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), replace_file(target) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_sha256_of_a_file_equals_that_of_its_bytes(tmp_path, size):
    content = b"x" * size
    write_bytes(tmp_path / "a", content)
    assert sha256_file(tmp_path / "a") == sha256_bytes(content) == hashlib.sha256(content).hexdigest()


def test_canonical_json_has_one_spelling():
    # RFC 8785, 3.2.3: keys sorted, no space; UTF-8 as it is.
    assert canonical_json({"b": 1.0, "a": "作成"}) == '{"a":"作成","b":1}'.encode()


def test_what_a_killed_process_left_is_swept_by_the_next_write(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a[1].txt")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name.startswith(".a[1].txt.") for path in tmp_path.iterdir()] == [True]
    living = tmp_path / f".a[1].txt.{os.getpid()}.aa.part"
    living.write_bytes(b"of a colleague")
    write_bytes(tmp_path / "a[1].txt", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [living.name, "a[1].txt"]


def test_readable_json_is_always_json():
    document = {"名": "値", "figures": [1.5, float("nan"), {"ratio": float("inf")}], "pair": (1, float("-inf"))}
    content = readable_json(document)
    assert json.loads(content, parse_constant=pytest.fail) == {"名": "値", "figures": [1.5, None, {"ratio": None}], "pair": [1, None]}
    assert content.endswith(b"\n")
    assert "名".encode() in content
    with pytest.raises(TypeError):
        readable_json({"path": Path("x")})
    assert readable_json({"path": Path("x")}, default=str) == b'{\n  "path": "x"\n}\n'


def test_a_folder_is_flushed_with_all_it_holds(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    flushed = []
    monkeypatch.setattr(files, "sync", flushed.append)
    files.sync_folder(tmp_path)
    assert flushed == [tmp_path / "a" / "b" / "c", tmp_path / "a" / "b", tmp_path / "a", tmp_path]
