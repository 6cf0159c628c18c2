"""Settings, the workspace, the database under it: set up, opened, refused."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest
import yaml
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from casework.console import Session, run
from casework.database import MIGRATIONS, REVISION, check_revision, find_revision, open_engine, parse_url, upgrade
from casework.keys import PUBLIC_PEM
from casework.office import get_actor, get_home, init_office, open_office, upgrade_office
from casework.records import metadata
from casework.settings import Settings, check_settings, load_settings
from casework.states import Role
from schemas.errors import SettingsError, TransitionRefused

GOOD = {"version": 1, "office_name": "見本作成組織", "regime": "tokumei-2023", "synthetic": True}


def test_good_settings_are_taken_as_they_stand():
    settings = check_settings(GOOD)
    assert settings == Settings(office_name="見本作成組織", regime="tokumei-2023", synthetic=True, database_url=None)
    assert settings.store_url(Path("/x")) == "sqlite:////x/store.db"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"version": 2}, "version"),
        ({"synthetic": "yes"}, "synthetic"),
        ({"office_name": ""}, "office_name"),
        ({"office_name": "長" * 81}, "office_name"),
        ({"regime": "../x"}, "regime"),
        ({"colour": "blue"}, "colour"),
        ({"synthetic": None, "regime": None}, "regime, synthetic"),
    ],
)
def test_wrong_settings_are_named_all_at_once(change, named):
    with pytest.raises(SettingsError, match=f"settings: {named}"):
        check_settings(GOOD | change)


@pytest.mark.parametrize("key", GOOD)
def test_every_setting_must_be_said(key):
    with pytest.raises(SettingsError, match=key):
        check_settings({name: value for name, value in GOOD.items() if name != key})


@pytest.mark.parametrize("document", [None, [], "text"])
def test_settings_are_a_mapping(document):
    with pytest.raises(SettingsError):
        check_settings(document)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("no address", "is not an address"),
        ("mysql://host/x", "databases of the kind mysql are not served"),
        ("postgresql://user:secret@host/x", "holds a password"),
    ],
)
def test_a_database_that_is_not_served_is_refused_without_showing_its_address(url, reason):
    with pytest.raises(SettingsError, match=reason) as caught:
        check_settings(GOOD | {"database_url": url}).store_url(Path())
        parse_url(url)
    assert "secret" not in str(caught.value) + caught.value.hint.render()


def test_postgresql_means_psycopg_3():
    assert parse_url("postgresql://user@host/name").drivername == "postgresql+psycopg"


@pytest.mark.parametrize("content", [b"\xff", b"a: [", b"- 1"])
def test_a_settings_file_that_is_none_is_refused(home, content):
    (home / "office.yaml").write_bytes(content)
    with pytest.raises(SettingsError):
        load_settings(home)


def test_sqlite_is_durable_and_strict(home):
    with open_office(Session(home=home, actor="chief")) as office, office.store.engine.connect() as connection:
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")}
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_the_tables_made_by_the_revisions_are_those_of_the_records(database_url):
    engine = open_engine(parse_url(database_url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_revision_needed_is_the_newest_there_is():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_tables_of_another_revision_are_refused(database_url):
    engine = open_engine(parse_url(database_url))
    check_revision(engine)
    upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match="of revision 9999, this software needs 0001"):
        check_revision(engine)
    engine.dispose()


def test_a_database_without_tables_is_refused(tmp_path):
    engine = open_engine(parse_url(f"sqlite:///{tmp_path}/x.db"))
    assert find_revision(engine) is None
    with pytest.raises(SettingsError, match="of revision -"):
        check_revision(engine)
    engine.dispose()


def test_a_database_that_does_not_answer_is_an_error_with_a_hint():
    engine = open_engine(parse_url("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"))
    with pytest.raises(SettingsError, match="does not answer") as caught:
        check_revision(engine)
    assert "127.0.0.1" not in str(caught.value)
    engine.dispose()


def test_a_workspace_is_private_and_holds_public_keys_for_others(home):
    names = {path.name for path in home.iterdir()}
    assert {"office.yaml", "office.pub.pem", "office.age.pub", "keys", "vault", "work", "papers", "store.db", "head.json"} <= names
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert yaml.safe_load((home / "office.yaml").read_text(encoding="utf-8")) == GOOD


def test_the_first_person_has_all_roles(home):
    with open_office(Session(home=home, actor="CHIEF")) as office:
        assert office.actor == "chief"
        assert office.store.get_person("chief").roles == set(Role)
        assert (office.home, office.settings.synthetic) == (home, True)


def test_a_workspace_is_set_up_once_and_only_in_an_empty_folder(home, tmp_path):
    settings = check_settings(GOOD)
    with pytest.raises(SettingsError, match="a workspace already"):
        init_office(home, settings, actor="chief")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("x")
    with pytest.raises(SettingsError, match="not empty"):
        init_office(tmp_path / "full", settings, actor="chief")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]


def test_a_set_up_killed_at_any_step_is_finished_by_the_same_command(tmp_path):
    import subprocess
    import sys

    child = Path(__file__).with_name("crash_child.py")
    command = [sys.executable, str(child), "init", str(tmp_path / "none"), str(tmp_path / "runs"), "3"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    runs = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(runs) >= 10
    for folder, killed in runs:
        place = Path(folder)
        if killed == "1" and not (place / "office.yaml").exists():
            with pytest.raises(SettingsError, match="not a workspace"), open_office(Session(home=place, actor="chief")):
                pytest.fail("opened half a workspace")
            init_office(place, check_settings(GOOD), actor="chief")
        with open_office(Session(home=place, actor="chief")) as office:
            assert [event.event for event in office.store.events()] == ["office.opened", "person.added"]


def test_the_flag_synthetic_cannot_be_changed(home):
    text = (home / "office.yaml").read_text(encoding="utf-8")
    (home / "office.yaml").write_text(text.replace("synthetic: true", "synthetic: false"), encoding="utf-8")
    with pytest.raises(SettingsError, match="synthetic was changed"), open_office(Session(home=home, actor="chief")):
        pytest.fail("opened")


def test_the_store_of_another_office_is_refused(home, tmp_path):
    other = tmp_path / "other"
    init_office(other, check_settings(GOOD), actor="chief")
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        (home / name).unlink(missing_ok=True)
    with sqlite3.connect(other / "store.db") as source, sqlite3.connect(home / "store.db") as target:
        source.backup(target)
    source.close()
    target.close()
    with pytest.raises(SettingsError, match="belongs to another office"), open_office(Session(home=home, actor="chief")):
        pytest.fail("opened")


def test_no_workspace_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(SettingsError, match="no workspace was named"):
        get_home(Session())
    with pytest.raises(SettingsError, match="not a workspace"), open_office(Session(home=tmp_path)):
        pytest.fail("opened")


def test_the_actor_is_who_was_named_else_the_login(monkeypatch):
    assert get_actor(Session(actor="Screener")) == "screener"
    monkeypatch.setenv("LOGNAME", "night-desk")
    assert get_actor(Session()) == "night-desk"


@pytest.mark.postgres
def test_an_office_on_postgresql_works_the_same(postgres_template, tmp_path):
    from sqlalchemy import create_engine, text

    admin = create_engine(postgres_template.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE whole_office"))
    settings = check_settings(GOOD | {"database_url": postgres_template.format(name="whole_office")})
    init_office(tmp_path / "a", settings, actor="chief")
    with open_office(Session(home=tmp_path / "a", actor="chief")) as office:
        office.store.add_person("deputy", list(Role), actor="chief")
        assert office.store.chain_head().sequence == 3
    # A second office does not get into the first one's store.
    with pytest.raises(SettingsError, match="belongs to an office already"):
        init_office(tmp_path / "b", settings, actor="chief")
    upgrade_office(tmp_path / "a")
    assert not (tmp_path / "a" / "store.db").exists()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE whole_office WITH (FORCE)"))
    admin.dispose()


def test_a_locked_office_writes_only_with_its_passphrase(tmp_path, monkeypatch):
    home = tmp_path / "locked"
    init_office(home, check_settings(GOOD), actor="chief", passphrase="合言葉")  # noqa: S106 - of a workspace that lives for one test
    monkeypatch.delenv("SAKUSEI_PASSPHRASE", raising=False)
    with open_office(Session(home=home, actor="chief")) as office:
        head = office.store.head()
        with pytest.raises(SettingsError, match="cannot be unlocked"):
            office.store.add_person("deputy", list(Role), actor="chief")
        assert office.store.head() == head
    monkeypatch.setenv("SAKUSEI_PASSPHRASE", "合言葉")
    with open_office(Session(home=home, actor="chief")) as office:
        office.store.add_person("deputy", list(Role), actor="chief")
        with pytest.raises(TransitionRefused):
            office.store.add_person("chief", [], actor="chief")
    assert (home / PUBLIC_PEM).exists()
    assert os.environ["SAKUSEI_PASSPHRASE"] not in (home / "office.yaml").read_text(encoding="utf-8")


def test_the_regime_cannot_be_changed_afterwards(home):
    text = (home / "office.yaml").read_text(encoding="utf-8")
    (home / "office.yaml").write_text(text.replace("tokumei-2023", "hishikibetsu-2017"), encoding="utf-8")
    with pytest.raises(SettingsError, match="the setting regime was changed") as failure, open_office(Session(home=home, actor="chief")):
        pytest.fail("opened under other rules")
    assert failure.value.hint.render().startswith("put it back to tokumei-2023")


@pytest.mark.parametrize("name", ["見本\x1b[31m", "見本\u202e組織", "二\n行", " ", "長" * 81])
def test_a_name_that_cannot_stand_in_letters_is_refused(tmp_path, capsys, name):
    assert run(["init", "--home", str(tmp_path / "office"), "--as", "chief", "--name", name]) == 10
    captured = capsys.readouterr()
    assert "error: the name of the office must be one line of 1 to 80 characters" in captured.err
    assert "hint: give it another name" in captured.err
    assert not (tmp_path / "office").exists()
    with pytest.raises(SettingsError):
        check_settings(GOOD | {"office_name": name})


def test_a_name_with_the_wide_space_is_fine(tmp_path):
    settings = check_settings(GOOD | {"office_name": "見本県\u3000匿名加工係"})
    init_office(tmp_path / "office", settings, actor="chief")
    assert load_settings(tmp_path / "office") == settings
