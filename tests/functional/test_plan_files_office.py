"""A plan that names files beside it, in the office: they are kept with the processed file, and a review months later finds them."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import anonymize.risk.office as review_room
from casework.console import Session, run
from casework.office import open_office
from casework.states import FileState, Role
from tests.functional.test_risk_beside_office import Scene, make_rows, write_plan


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(review_room, "AttackSettings", lambda **_amount: None)
    scene = Scene(home=tmp_path / "office", plans=tmp_path / "plans")
    scene.plans.mkdir()
    assert run(["init", "--home", str(scene.home), "--as", "chief", "--synthetic"]) == 0
    with open_office(Session(home=scene.home, actor="chief")) as office:
        office.store.add_person("deputy", list(Role), actor="chief")
    pq.write_table(make_rows(), tmp_path / "rows.parquet")
    plan = write_plan(scene.plans / "p.yaml", "tables/ages.csv")
    text = plan.read_text(encoding="utf-8").replace("{k: 10}", "{k: 10, population: {file: people.csv, k_map: 20}}")
    plan.write_text(text, encoding="utf-8")
    (scene.plans / "tables").mkdir()
    ages = "".join(f"{age};{age // 20 * 20};*\n" for age in range(30, 90))
    (scene.plans / "tables" / "ages.csv").write_text(ages, encoding="utf-8")
    people = "carer_age_years,persons\n" + "".join(f"{age},2000\n" for age in range(30, 90))
    (scene.plans / "people.csv").write_text(people, encoding="utf-8")
    return scene


def test_population_and_hierarchy_beside_the_plan_serve_the_review(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file_id = scene.add_file(tmp_path / "rows.parquet")
    scene.process(file_id, "p")
    # The plan's folder is gone, as it is a year later.
    shutil.rmtree(scene.plans)
    capsys.readouterr()
    assert scene.review(file_id) == 0
    document = json.loads(capsys.readouterr().out)
    figures = {figure["code"]: figure for figure in document["figures"]}
    assert figures["k_map"]["value"] >= 20
    with open_office(Session(home=scene.home, actor="chief")) as office:
        assert {item.kind for item in office.vault.list(file_id)} == {"normalised", "method", "processed", "plan"}
    # Erasure takes them along, and the certificate names them.
    assert scene.run("vault", "erase", file_id, "--order", actor="deputy") == 0
    assert scene.run("vault", "erase", file_id) == 0
    assert "plan" in {item["kind"] for item in scene.record("certificate", file_id)["items"]}
    with open_office(Session(home=scene.home, actor="chief")) as office:
        assert office.store.get_file(file_id).state is FileState.ERASED


def test_people_of_the_municipality_are_the_population_of_residents(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_plan(scene.plans / "q.yaml", "{intervals: [5, 10, 20, 40]}")
    file_id = scene.add_file(tmp_path / "rows.parquet")
    scene.process(file_id, "q")
    capsys.readouterr()
    scene.review(file_id)
    document = json.loads(capsys.readouterr().out)
    # 見本県 has 642,510 people (schemas/municipalities.yaml), of whom 5,000 are in the file.
    (found,) = (figure for figure in document["figures"] if figure["code"] == "membership")
    assert found["population"] == "a population of 642,510 people"
    assert not any("population uniques were not estimated" in note for note in document["notes"])


def test_a_plan_with_its_own_hierarchy_file_is_released(scene: Scene, tmp_path: Path) -> None:
    file_id = scene.add_file(tmp_path / "rows.parquet")
    scene.process(file_id, "p")
    shutil.rmtree(scene.plans)
    assert scene.review(file_id) == 0
    assert scene.build(file_id) == 0
    # The files of another plan do not stay behind.
    second = Scene(home=scene.home, plans=tmp_path / "other")
    second.plans.mkdir()
    write_plan(second.plans / "p.yaml", "{intervals: [5, 10, 20, 40]}")
    again = second.add_file(tmp_path / "rows.parquet")
    second.process(again, "p")
    with open_office(Session(home=scene.home, actor="chief")) as office:
        assert "plan" not in {item.kind for item in office.vault.list(again)}
