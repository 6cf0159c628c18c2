"""Headless Chromium: pages as people see them."""

import shutil
import subprocess

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A caller of Chromium: flags and page in, what it printed out."""
    program = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine")
    profile = tmp_path_factory.mktemp("profile")

    def call(page, *flags):
        command = [program, *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)

    return call


@pytest.fixture
def look(chromium, tmp_path):
    """A maker of pictures: page in; text of the page, size of its picture and number of its printed pages out."""

    def look_at(page, width=1100, height=3000):
        picture, print_ = tmp_path / f"{page.stem}.png", tmp_path / f"{page.stem}.pdf"
        text = chromium(page, "--dump-dom").stdout
        chromium(page, f"--screenshot={picture}", f"--window-size={width},{height}")
        chromium(page, f"--print-to-pdf={print_}", "--no-pdf-header-footer")
        return text, picture.stat().st_size, print_.read_bytes().count(b"/Type /Page\n") or print_.read_bytes().count(b"/Type /Page")

    return look_at
