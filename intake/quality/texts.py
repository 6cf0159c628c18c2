"""What the quality report says, in English templates; the translation is in the catalogue. Decided here: words alone."""

from schemas.messages import N_

TEXTS: dict[str, str] = {
    "title": N_("Quality of the file received"),
    "subtitle": N_("layout {layout} · encoding {encoding}"),
    "rows_in": N_("rows of the file"),
    "rows_out": N_("rows taken over"),
    "rows_aside": N_("rows put aside"),
    "rows_text": N_("rows of the file = rows taken over + rows put aside"),
    "persons": N_("persons"),
    "persons_text": N_("the register entry says {stated}"),
    "repeats": N_("rows with a repeated key"),
    "forced_title": N_("Columns that must be taken out"),
    "forced_text": N_("Their contents decide their role; a plan that gives them a weaker one is refused."),
    "heading": N_("heading"),
    "found": N_("found in the cells"),
    "role_forced": N_("role"),
    "findings_title": N_("Findings by cause"),
    "findings_none": N_("Nothing was found."),
    "weight": N_("weight"),
    "cause": N_("cause"),
    "count": N_("cases"),
    "advice": N_("what to do"),
    "checks_title": N_("Contradictions between columns"),
    "checks_text": N_("These rows were taken over. Compare them with the original."),
    "check": N_("what is conspicuous"),
    "rows": N_("first rows"),
    "columns_title": N_("Column by column"),
    "columns_text": N_("Filled, distinct and repaired: rows taken over. Not valid: all rows; such rows are put aside."),
    "filled": N_("filled"),
    "distinct": N_("distinct values"),
    "invalid": N_("not valid"),
    "out_of_list": N_("not in the list"),
    "repaired": N_("repaired, by rule"),
    "characters_title": N_("Gaiji and variant characters"),
    "characters_text": N_("Cells by kind of character. They are kept as they came; no rule replaces 髙 by 高."),
    "characters_none": N_("No such characters were found, and none was lost."),
    "changes_title": N_("Changes since the last file"),
    "changes_rows_old": N_("rows of the last file"),
    "changes_rows_new": N_("rows of this file"),
    "changes_unchanged": N_("rows as before"),
    "changes_changed": N_("rows changed"),
    "changes_added": N_("rows added"),
    "changes_gone": N_("rows gone"),
    "method_title": N_("How this was counted"),
    "method_text": N_(
        "Counts of one to {minimum} minus one are not shown, and no row numbers beside them. Distinct values are exact up to 65,536 and "
        "estimated beyond, with an error of 0.4 %. The page holds no contents of the file."
    ),
    "hash_source": N_("SHA-256 of the file received"),
    "hash_output": N_("SHA-256 of the file in the common schema"),
    "fewer": N_("fewer than {minimum}"),
    "all_but": N_("all but fewer than {minimum}"),
    "about": N_("about {count}"),
    "between": N_("{first} to {last}"),
    "withheld": N_("withheld"),
    "per_cent": N_("{number} %"),
}

WEIGHTS: dict[str, str] = {
    "file": N_("refused"),
    "row": N_("row put aside"),
    "note": N_("note"),
    "contradiction": N_("contradiction"),
    "doubt": N_("to be confirmed"),
}

ROLES: dict[str, str] = {"identification_code": N_("identification code"), "free_text": N_("free text")}

MENTIONS: dict[str, str] = {
    "name": N_("names of persons"),
    "phone": N_("telephone numbers"),
    "address": N_("addresses"),
    "email": N_("e-mail addresses"),
    "code": N_("identification codes"),
}

CHARACTER_NAMES: dict[str, str] = {
    "private_use": N_("gaiji (private use)"),
    "replacement": N_("〓 or U+FFFD"),
    "variation_selector": N_("variants (IVS)"),
    "compatibility_ideograph": N_("compatibility ideographs"),
    "beyond_cp932": N_("without a code in CP932"),
    "lost": N_("lost on the way"),
}

REPAIRS: dict[str, str] = {
    "byte_order_mark_drop": N_("byte order mark removed"),
    "check_digit_added": N_("check digit added"),
    "code_lineage": N_("code of a former municipality to that of its successor"),
    "code_list": N_("label or other spelling to code"),
    "day_dropped": N_("day to first day of its month"),
    "empty_date": N_("date of zeros or nines to empty"),
    "era_overflow": N_("day outside its era by arithmetic"),
    "text_mark": N_("mark that keeps a spreadsheet from making a number of it removed"),
    "open_end": N_("day that means no end, left empty as the layout says"),
    "kana_full": N_("half-width kana to full width"),
    "points_to_yen": N_("points to yen, ten each"),
    "separator_drop": N_("separators and currency marks removed"),
    "triangle_minus": N_("triangle to minus"),
    "width_fold": N_("full width to half width"),
    "zero_pad": N_("leading zeros put back"),
}
