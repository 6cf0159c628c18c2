"""What the report says, in English templates; the translation is in the catalogue.

Decided here: words alone. Gaps are filled with guarded numbers and names of columns.
"""

from schemas.messages import N_

TEXTS: dict[str, str] = {
    "title": N_("Assessment of re-identification risk"),
    "subtitle": N_("Plan {plan} · use {context} · {term}"),
    "made_on": N_("assessed on {date}"),
    "go": N_("Nothing stands against the release"),
    "go_text": N_("Every figure below that has a limit lies within it, measured on the written file."),
    "unable_text": N_(
        "Not able to show: {attacks}. On the unprotected copy as well these attacks did not succeed, so that they say nothing for or"
        " against the release; there the verdict rests on the models alone."
    ),
    "stop": N_("The release is refused"),
    "stop_text": N_("The written file does not meet the following; it goes back to a new plan."),
    "keys_label": N_("The three figures that matter"),
    "key_k": N_("smallest class"),
    "key_k_text": N_("Nobody can be told from fewer than this many persons by the quasi-identifiers."),
    "key_highest": N_("highest risk of one person"),
    "key_highest_text": N_("Chance that the best-informed attacker picks the right person: one divided by the size of the class."),
    "key_attack": N_("strongest attack"),
    "key_attack_text": N_("{attack}: success beyond the control, 95 % interval {low} to {high}."),
    "key_attack_none": N_("Attacks were not run; this report rests on the models alone."),
    "limit_at_least": N_("limit: at least {limit}"),
    "limit_at_most": N_("limit: at most {limit}"),
    "no_limit": N_("told for information; no limit in this use"),
    "within": N_("within the limit"),
    "unable": N_("not able to show"),
    "interval": N_("{low} to {high}"),
    "interval_heading": N_("95 % interval"),
    "beyond": N_("beyond the limit"),
    "persons_unit": N_("people"),
    "fewer": N_("below {minimum}"),
    "more_than": N_("more than {share}"),
    "below_share": N_("below {share}"),
    "withheld": N_("withheld"),
    "per_cent": N_("{number:s} %"),
    "extent_title": N_("What was released"),
    "extent_original": N_("before processing"),
    "extent_released": N_("after processing"),
    "extent_suppressed": N_("not released"),
    "extent_rows": N_("rows (lines)"),
    "extent_persons": N_("people"),
    "extent_note": N_("Counts below ten, and what they could be computed from, are withheld."),
    "story_title": N_("The riskiest class, as a story"),
    "story_fictional": N_(
        "{name} does not exist. Name and values below are made from the plan and published lists, never from the file: they would be the"
        " same whatever it holds."
    ),
    "story_name": N_("Mx {name}"),
    "story_label": N_("made up"),
    "story_start": N_("Somebody wants to find {name} and knows that {name} is in the file. From elsewhere they know this of {name}:"),
    "story_known": N_("what they know (made up)"),
    "story_released": N_("what the release shows of it"),
    "story_or": N_("{first}; in coarser rows: {others}"),
    "story_any": N_("(a value of this column)"),
    "story_step": N_("{share} by {column} alone"),
    "story_more": N_("{share} with {column} as well"),
    "story_rest": N_("{share} with all other quasi-identifiers"),
    "story_steps": N_("Of the released rows there remain on average: {steps}."),
    "story_end": N_(
        "In the worst case {size} persons remain who look exactly alike, and nothing in the quasi-identifiers tells which of them is"
        " {name}."
    ),
    "story_learn": N_("What they may still learn without finding anybody is what all of them share: see the rows on sensitive columns."),
    "narrowing_chart": N_("How far each known column narrows the search"),
    "narrowing_axis": N_("rows still possible, on average (%)"),
    "column": N_("column"),
    "columns_rest": N_("all others"),
    "sizes_title": N_("How large the classes are"),
    "sizes_text": N_("Share of persons by the size of their class. The farther right, the more people look alike."),
    "sizes_chart": N_("Persons by size of class"),
    "sizes_axis": N_("persons in the class"),
    "sizes_share": N_("share of persons (%)"),
    "sizes_below": N_("below {size}"),
    "sizes_from": N_("{size} and more"),
    "models_title": N_("Models of risk"),
    "models_text": N_("Where no interval is given every record of the written file was counted, so that there is no sampling error."),
    "figure": N_("figure of risk"),
    "value": N_("value"),
    "limit": N_("limit"),
    "attacker": N_("assumption about the attacker"),
    "population": N_("measured over"),
    "source": N_("source"),
    "not_measured": N_("not measured"),
    "attacks_title": N_("Attacks"),
    "attacks_text": N_(
        "Each attack was run twice: on the release, and on an unprotected copy where it must succeed, or it has shown no power."
    ),
    "attacks_chart": N_("Success beyond the control, with 95 % intervals and the limit of each attack"),
    "attacks_axis": N_("success beyond the control (%)"),
    "on_release": N_("the release"),
    "on_copy": N_("unprotected copy"),
    "attack": N_("attack"),
    "which": N_("on what"),
    "excess": N_("beyond the control"),
    "members": N_("members"),
    "strangers": N_("strangers"),
    "guessing": N_("guessing"),
    "control": N_("positive control"),
    "fired": N_("fired"),
    "not_fired": N_("did not fire: this attack says nothing here"),
    "trials_most": N_("{trials} trials at most"),
    "trials": N_("{trials} trials"),
    "trials_attempts": N_("{trials} trials, {attempts} questions at most"),
    "columns_title": N_("Column by column: clause, treatment, evidence"),
    "columns_text": N_("No column is without a clause, and no clause without evidence in the written file."),
    "role": N_("role"),
    "clause": N_("clause"),
    "treatment": N_("treatment"),
    "evidence": N_("evidence in the written file"),
    "levels": N_("levels: {levels}"),
    "clauses_title": N_("The clauses"),
    "utility_title": N_("What the release is still good for"),
    "utility_text": N_(
        "The same questions, put to the original and to the release. 0 % apart: nobody could tell from the answer which was asked."
    ),
    "utility_loss": N_("Loss of information (normalised certainty penalty): {loss} of what the quasi-identifiers told."),
    "utility_columns": N_("Information that each column keeps"),
    "utility_kept_axis": N_("information kept (%)"),
    "utility_kept": N_("information kept"),
    "utility_random": N_("drawn at random"),
    "utility_variation": N_("distributions differ by"),
    "utility_hellinger": N_("Hellinger distance"),
    "utility_pairs": N_("Pairs of columns"),
    "utility_pairs_text": N_(
        "{count} pairs were compared; the median of their differences is {middle}. The {told} that differ most are shown."
    ),
    "utility_pair_kept": N_("relation kept"),
    "utility_unrelated": N_("unrelated in the original"),
    "utility_analyses": N_("Analyses"),
    "utility_analyses_planned": N_("The analyses that the plan names. Groups of fewer than {minimum} are not compared."),
    "utility_analyses_usual": N_(
        "The plan names no analyses; {count} usual ones were done, and those with the largest errors are shown. Groups of fewer than"
        " {minimum} are not compared."
    ),
    "utility_analysis": N_("analysis"),
    "utility_error": N_("mean error"),
    "utility_baseline": N_("error without the release’s detail"),
    "utility_groups": N_("groups"),
    "utility_mean": N_("mean of {column} by {groups}"),
    "utility_share": N_("shares of {column} by {groups}"),
    "utility_count": N_("number by {groups}"),
    "utility_predictions": N_("Learning from the release"),
    "utility_predictions_text": N_(
        "A classifier learned each column from originals and from their release, and was tried on other persons."
    ),
    "utility_trained_original": N_("trained on originals"),
    "utility_trained_released": N_("trained on the release"),
    "utility_guessing": N_("always the most frequent"),
    "utility_method": N_(
        "{original} rows of the original and {released} of the release were read, cut into at most 20 groups a column. A generalised value"
        " is spread over the values it stands for by the most likely distribution given the release (EM for coarse data)."
    ),
    "about": N_("about {count}"),
    "times": N_(" × "),
    "releases_title": N_("Together with other releases"),
    "releases_text": N_("What all releases of the same register that are out tell together, if one attacker holds them all."),
    "releases_none": N_(
        "No other release of the same register was given to compare with; what several releases tell together was not measured."
    ),
    "methods_title": N_("How this was measured"),
    "method_file": N_(
        "Everything was read from the written file, by SQL that shares nothing with the search; the processing's own figures were not used."
    ),
    "method_attacks": N_(
        "Seed {seed}; up to {persons} persons in each half, one row of each, and {trials} trials an attack, to bound time. Members and "
        "strangers are equally many. Generalised values are compared by containment in the hierarchy; where an attack needs one value, it "
        "is drawn from the released group."
    ),
    "method_interval": N_(
        "Intervals: Wilson scores and their propagated error, 95 %. The control takes away what anybody could infer about persons who are "
        "not in the file."
    ),
    "method_limits": N_(
        "Limits: {regime}, context {context}; they are policy of the office, not law. The plan's own k holds where it is stricter."
    ),
    "method_average": N_("Attacks are average cases of one attacker each. The worst case is the class figures above them; both must hold."),
    "method_anonymeter": N_("Singling out, linkability and inference use anonymeter (BSD 3-Clause Clear licence)."),
    "notes": N_("Not measured"),
    "apart_title": N_("What tells persons apart"),
    "apart_text": N_(
        "Before processing a few columns may be enough to tell somebody from everybody else; this is what the processing has to take away. "
        "Which value it is stands nowhere in this report."
    ),
    "apart_interval": N_("{value} ({low} to {high})"),
    "apart_figure": N_("whom few columns tell apart"),
    "apart_before": N_("special uniques before processing"),
    "apart_after": N_("special uniques in the release"),
    "apart_group": N_("riskiest group"),
    "apart_outliers": N_("outliers"),
    "apart_alone": N_("a value of one's own"),
    "apart_ends": N_("persons at the ends"),
    "hash_release": N_("SHA-256 of the written file"),
    "hash_original": N_("SHA-256 of the original"),
    "hash_plan": N_("SHA-256 of the plan"),
    "same_as_chart": N_("the same figures as a table"),
}

NAMES: dict[str, str] = {
    "direct_identifier": N_("direct identifier"),
    "identification_code": N_("identification code"),
    "linking_code": N_("linking code"),
    "quasi_identifier": N_("quasi-identifier"),
    "sensitive": N_("sensitive"),
    "attribute": N_("attribute"),
    "free_text": N_("free text"),
    "drop": N_("taken out"),
    "keep": N_("kept"),
    "fresh_id": N_("replaced by fresh ids"),
    "generalise": N_("generalised"),
    "recode": N_("recoded"),
    "suppress": N_("rare values removed"),
    "top_code": N_("top-coded"),
    "bottom_code": N_("bottom-coded"),
    "round_to": N_("rounded"),
    "noise": N_("noise added"),
    "swap": N_("values swapped"),
    "microaggregate": N_("averaged in small groups"),
    "merge_rare": N_("rare values merged"),
    "date_shift": N_("dates shifted"),
    "public": N_("by anybody"),
    "contract": N_("under contract"),
    "enclave": N_("in the office's own room"),
}
