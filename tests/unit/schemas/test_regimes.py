"""The two laws and the policy as data: complete, consistent, and nowhere else."""

import ast
import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from schemas.errors import SettingsError
from schemas.hierarchies import load_hierarchy
from schemas.policies import CONTEXTS
from schemas.regimes import load_regime, regime_names
from schemas.tables import Role

ROOT = Path(__file__).parents[3]
CODE = [
    path
    for package in ("schemas", "casework", "intake", "proposals", "anonymize", "release", "sample_data")
    for path in sorted((ROOT / package).rglob("*.py"))
]


def test_the_law_in_force_comes_first():
    assert regime_names() == ("tokumei-2023", "hishikibetsu-2017")


def test_an_unknown_regime_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError) as caught:
        load_regime("tokumei-2099")
    assert "tokumei-2023, hishikibetsu-2017" in caught.value.hint.render()


@pytest.mark.parametrize("path", ["../policies/office-default", "policies/office-default", "../../plan"])
def test_a_path_is_no_name(path):
    with pytest.raises(SettingsError):
        load_regime(path)


# 法114条1項 has seven numbers; 法113条 six grounds, 行個法44条の6 had seven; 規則62条 five numbers; 規則56条: 1,000 persons.
@pytest.mark.parametrize(("name", "grounds"), [("tokumei-2023", 6), ("hishikibetsu-2017", 7)])
def test_numbers_of_the_law(name, grounds):
    regime = load_regime(name)
    assert [criterion.number for criterion in regime.criteria] == [1, 2, 3, 4, 5, 6, 7]
    assert [ground.number for ground in regime.disqualifications] == list(range(1, grounds + 1))
    assert list(regime.clauses) == [1, 2, 3, 4, 5]
    assert regime.minimum_persons == 1000
    assert list(regime.aims) == ["new_industry", "vitality", "quality_of_life"]
    assert {code for code, paper in regime.identity_papers.items() if paper.months == 6} >= {"registry_certificate", "seal_certificate"}
    assert regime.recruitment["window_days"] == 30


def test_fees_of_the_law():
    # 令31条: 21,000 + 3,950 an hour, 12,600 for a change; 行個法施行令25条: the same + 210 per third party.
    new, old = load_regime("tokumei-2023").fee, load_regime("hishikibetsu-2017").fee
    assert (new.base_yen, new.hour_yen, new.third_party_yen, new.change_yen) == (21000, 3950, 0, 12600)
    assert (old.base_yen, old.hour_yen, old.third_party_yen, old.change_yen) == (21000, 3950, 210, 12600)


def test_only_the_former_law_hears_third_parties():
    new, old = load_regime("tokumei-2023"), load_regime("hishikibetsu-2017")
    assert not new.opinion_step.required
    assert old.opinion_step.required
    assert "opinions" not in {item.key for item in new.register_items}
    assert "opinions" in {item.key for item in old.register_items}
    assert new.get_article("no_collation") == "法第121条第1項"
    assert old.get_article("no_collation") == ""


@pytest.mark.parametrize("name", regime_names())
def test_every_rule_has_words_and_a_place_in_the_law(name):
    regime = load_regime(name)
    for rule in (*regime.preconditions, *regime.criteria, *regime.disqualifications, *regime.cancellation_grounds.values()):
        assert rule.article.startswith("法第")
        assert rule.text_ja
    for clause in regime.clauses.values():
        assert clause.citation
        assert clause.title_ja
        assert len(clause.text_ja) > 20
    for item in regime.register_items:
        assert item.title_ja
        assert item.citation
    assert regime.get_criterion("persons").number == 2
    with pytest.raises(KeyError):
        regime.get_criterion("no-such-test")


@pytest.mark.parametrize("name", regime_names())
def test_the_policy_knows_every_context_and_is_stricter_where_more_people_look(name):
    regime = load_regime(name)
    assert set(regime.contexts) == set(regime.risk_thresholds) == set(regime.defaults.k) == set(CONTEXTS)
    assert regime.defaults.k["public"] >= regime.defaults.k["contract"] >= regime.defaults.k["enclave"]
    for context in CONTEXTS:
        limits = regime.risk_thresholds[context]
        assert limits["k"] == regime.defaults.k[context]
        assert 1 / limits["k"] <= limits["max_prosecutor_risk"]
        assert limits["expected_risk"] == regime.defaults.expected_risk == 0.09
    for safeguard in regime.safeguards.values():
        assert set(safeguard.contexts) <= set(CONTEXTS)


@pytest.mark.parametrize("name", regime_names())
def test_the_finest_levels_are_levels_of_real_hierarchies(name):
    granularity = load_regime(name).granularity
    assert set(granularity.roles) < {role.value for role in Role}
    for hierarchy, level in granularity.finest_levels.items():
        names = load_hierarchy(hierarchy, as_of="2026-04-01").level_names
        assert level in names
        assert level != names[0], "the value itself is no limit"


def test_a_regime_cannot_be_changed():
    regime = load_regime("tokumei-2023")
    with pytest.raises(FrozenInstanceError):
        regime.minimum_persons = 1
    for mapping in (regime.articles, regime.clauses, regime.risk_thresholds["public"], regime.defaults.k):
        with pytest.raises(TypeError):
            mapping["x"] = 1
    assert load_regime("tokumei-2023") is regime


def test_the_former_law_does_not_speak_of_the_present_one():
    old = load_regime("hishikibetsu-2017")
    assert "匿名加工情報制度" not in old.title_ja
    assert not any("法第11" in article and "法第11条" not in article for article in old.articles.values())


ARTICLE = re.compile(r"第[0-9０-９一二三四五六七八九十百]+条")


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_article_number_stands_in_code(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = [node for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    docstrings = {id(node.body[0].value) for node in documented if ast.get_docstring(node)}
    texts = [
        node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]
    assert [node.lineno for node in texts if ARTICLE.search(node.value)] == []
