"""The terms of use: one licence document, and from it the Japanese page for people and the ODRL policy for machines.

Decided here: which prohibitions and duties a context carries, and their words. The articles they rest on come from the regime.

References
----------
ODRL Information Model 2.2, W3C Recommendation 2018.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from schemas.documents import check_document
from schemas.errors import FormRejected
from schemas.messages import N_
from schemas.regimes import Regime

LOCAL = "urn:sakusei:action:"
PROHIBITIONS_JA = {
    "identify": ("個人の識別の禁止", "本データに係る本人を識別する目的で、本データを利用しないこと。"),
    "collate": ("照合の禁止", "本データを、本人を識別するために他の情報（本データ以外の提供物を含む。）と照合しないこと。"),
    "restore": (
        "加工方法の取得等の禁止",
        "削除された記述等若しくは個人識別符号又は加工の方法に関する情報を取得せず、元の情報を復元しないこと。",
    ),
    "pass_on": ("再提供の禁止", "本データの全部又は一部を第三者に提供し、又は第三者に利用させないこと。"),
    "other_purpose": ("目的外利用の禁止", "記載の利用目的以外に本データを利用しないこと。"),
    "publish_small_counts": ("少数の公表の禁止", "集計結果を公表するときは、10人未満の数及びこれを逆算できる数を示さないこと。"),
}
DUTIES_JA = {
    "safeguard": ("安全管理措置", "漏えい、滅失及び毀損の防止その他の安全管理のために必要かつ適切な措置を講ずること。"),
    "keep_record": ("利用の記録", "本データを取り扱う者、場所及び利用の状況を記録し、求めに応じて示すこと。"),
    "report_incident": ("事故の報告", "漏えい等又は本人が識別された疑いを知ったときは、直ちに作成組織へ報告すること。"),
    "erase_at_end": (
        "期間満了時の消去",
        "利用期間が満了したときは、本データ及びその複製を復元できない方法で消去し、その旨を書面で報告すること。",
    ),
    "erase_on_recall": ("回収への協力", "作成組織が提供を回収したときは、直ちに利用を止め、消去すること。"),
    "state_source": ("表示", "本データを利用した成果を公表するときは、加工された情報である旨及び作成元を表示すること。"),
    "accept_audit": ("確認への協力", "作成組織が行う取扱状況の確認に応ずること。"),
}
PROHIBITED = {
    "public": ("identify", "collate", "restore"),
    "contract": ("identify", "collate", "restore", "pass_on", "other_purpose", "publish_small_counts"),
    "enclave": ("identify", "collate", "restore", "pass_on", "other_purpose", "publish_small_counts"),
}
OWED = {
    "public": ("safeguard", "report_incident", "state_source"),
    "contract": ("safeguard", "keep_record", "report_incident", "erase_at_end", "erase_on_recall", "state_source", "accept_audit"),
    "enclave": ("safeguard", "keep_record", "report_incident", "erase_at_end", "erase_on_recall", "state_source", "accept_audit"),
}
CONTEXTS_JA = {"public": "公開", "contract": "契約に基づく提供", "enclave": "管理区域内での利用"}


def make_licence(
    *, release_id: str, case_id: str, office: str, regime: Regime, proposal: Mapping[str, Any], tables: tuple[str, ...]
) -> dict[str, Any]:
    """Return the licence document of a release.

    Raises
    ------
    FormRejected
        The proposal lacks what a licence needs.
    """
    context = str(proposal["context"])
    licence = {
        "licence": 1,
        "release": release_id,
        "case": case_id,
        "office": office,
        "regime": regime.name,
        "context": context,
        "purpose": proposal["purpose"],
        "period": {key: _day(proposal["period"][key]) for key in ("from", "to")},
        "tables": list(tables),
        "prohibitions": list(PROHIBITED[context]),
        "duties": list(OWED[context]),
    }
    if findings := check_document("licence", licence):
        raise FormRejected(N_("the licence of the release is incomplete"), N_("see the findings"), findings=findings)
    return licence


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def render_terms(licence: Mapping[str, Any], regime: Regime) -> str:
    """Return the Japanese terms as one self-contained HTML page."""
    return (
        pages()
        .get_template("terms.ja.html")
        .render(
            licence=licence,
            regime=regime,
            context_ja=CONTEXTS_JA[licence["context"]],
            prohibitions=[PROHIBITIONS_JA[code] for code in licence["prohibitions"]],
            duties=[DUTIES_JA[code] for code in licence["duties"]],
        )
    )


def render_odrl(licence: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same terms as an ODRL 2.2 agreement in JSON-LD; the user is named by the case alone."""
    target = f"urn:sakusei:release:{licence['release']}"
    parties = {"assigner": f"urn:sakusei:office:{licence['office']}", "assignee": f"urn:sakusei:case:{licence['case']}"}
    until = {"leftOperand": "dateTime", "operator": "lteq", "rightOperand": {"@value": str(licence["period"]["to"]), "@type": "xsd:date"}}
    since = {"leftOperand": "dateTime", "operator": "gteq", "rightOperand": {"@value": str(licence["period"]["from"]), "@type": "xsd:date"}}
    purpose = {"leftOperand": "purpose", "operator": "eq", "rightOperand": f"urn:sakusei:purpose:{licence['case']}"}
    place = {"leftOperand": "spatial", "operator": "eq", "rightOperand": "https://www.iso.org/obp/ui/#iso:code:3166:JP"}
    duties = [{"action": LOCAL + code} for code in licence["duties"]]
    return {
        "@context": ["http://www.w3.org/ns/odrl.jsonld", {"xsd": "http://www.w3.org/2001/XMLSchema#"}],
        "@type": "Agreement",
        "uid": f"urn:sakusei:policy:{licence['release']}",
        "profile": "urn:sakusei:odrl-profile:1",
        "permission": [{"target": target, "action": "use", **parties, "constraint": [purpose, since, until, place], "duty": duties}],
        "prohibition": [{"target": target, "action": LOCAL + code, **parties} for code in licence["prohibitions"]],
    }


@cache
def pages() -> Environment:
    """Return the templates of this package, escaped and strict."""
    return Environment(loader=PackageLoader("release"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
