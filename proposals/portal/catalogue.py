"""The register for machines: one JSON file as it is kept, and a catalogue in DCAT 3 for harvesters. Nothing but what the pages show."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from proposals.rendering import clean_text
from proposals.wording import body_name
from schemas.regimes import Regime

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
NON_PUBLIC = "http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC"

Entries = Sequence[tuple[str, Mapping[str, Any]]]


def to_register_json(office: str, regime: Regime, entries: Entries) -> bytes:
    """Return the register as JSON: the office, its regime, and every entry as it was entered."""
    document = {"office": office, "regime": regime.name, "entries": [{"id": register_id, **entry} for register_id, entry in entries]}
    return _to_bytes(document)


def to_catalogue(office: str, regime: Regime, entries: Entries) -> bytes:
    """Return the register as a catalogue: one dataset per file, without distributions, for the files themselves are not public.

    References
    ----------
    W3C, Data Catalog Vocabulary (DCAT) Version 3, 2024. Addresses are relative to where the catalogue lies.
    """
    catalogue = {
        "@context": CONTEXT,
        "@id": "catalogue.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": _text(f"{office}　個人情報ファイル簿"),
        "dct:description": _text(f"{regime.term_ja}の作成に用いることができる個人情報ファイルの一覧"),
        "dct:publisher": {"@type": "foaf:Organization", "foaf:name": _text(office)},
        "dct:language": "ja",
        "foaf:homepage": {"@id": "index.html"},
        "dct:conformsTo": {"@id": "http://www.w3.org/ns/dcat#"},
        "dcat:dataset": [_dataset(register_id, entry, regime) for register_id, entry in entries],
    }
    return _to_bytes(catalogue)


def _dataset(register_id: str, entry: Mapping[str, Any], regime: Regime) -> dict[str, Any]:
    page = f"entries/{register_id}.html"
    keywords = [regime.term_ja, "提案募集"] if entry["open_to_proposals"] else [regime.term_ja]
    return {
        "@id": f"{page}#dataset",
        "@type": "dcat:Dataset",
        "dct:identifier": register_id,
        "dct:title": _text(entry["name"]),
        "dct:description": _text(entry["purpose"]),
        "dct:modified": {"@type": "xsd:date", "@value": entry["as_of"]},
        "dct:publisher": {
            "@type": "foaf:Organization",
            "foaf:name": _text(body_name(entry["municipality_code"])),
            "dct:identifier": entry["municipality_code"],
        },
        "dct:accessRights": {"@id": NON_PUBLIC},
        "dcat:keyword": [_text(keyword) for keyword in keywords],
        "dcat:landingPage": {"@id": page},
        "dcat:contactPoint": _contact(entry.get("proposals_office") or entry["requests_office"]),
    }


def _contact(office: Mapping[str, str]) -> dict[str, Any]:
    return {"@type": "vcard:Organization", "vcard:fn": _text(office["name"]), "vcard:street-address": _text(office["address"])}


def _text(text: str) -> dict[str, str]:
    return {"@value": clean_text(text), "@language": "ja"}


def _to_bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"
