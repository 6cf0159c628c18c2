"""What the sender can do about each cause: one sentence per kind of defect, in the words of who exports the file."""

from collections.abc import Mapping

from schemas.messages import N_

ADVICE: Mapping[str, str] = {
    "ragged-row": N_("look for a separator or a line break inside a cell; put such cells in quotes when exporting"),
    "nul-byte": N_("export the file again; the row was damaged on the way"),
    "broken-quotes": N_("double every quote inside a quoted cell"),
    "record-length": N_("export the file again with the record length of the layout"),
    "cut-character": N_("check the byte positions of the columns around this one"),
    "required-empty": N_("fill in the cell, or find out why it is empty"),
    "not-a-date": N_("write the date as the layout says, for example S20.4.1 or 1945-04-01"),
    "no-such-day": N_("correct the day: this month does not have it, or the month does not exist"),
    "outside-era": N_("correct the era or the year: the era had begun later, or had ended by then"),
    "unknown-date-part": N_("fill in the open part, or tell the office that it is unknown"),
    "before-gregorian": N_("check the year; a date before 1873 is nearly always a slip"),
    "not-a-number": N_("write digits only; a unit or a remark belongs into another column"),
    "out-of-range": N_("check the number and its unit (yen, points, days)"),
    "unknown-code": N_("write a code of the list, or tell the office what the code means"),
    "wrong-check-digit": N_("compare the number with the original; a digit is wrong, missing or exchanged"),
    "wrong-pattern": N_("check the number of digits; leading zeros may have been lost in a spreadsheet"),
    "control-character": N_("remove tabs and other invisible characters from the cell"),
    "not-yes-or-no": N_("write 1 or 0"),
    "cell-too-long": N_("shorten the text; a cell may have 32,767 characters"),
    "in-the-future": N_("check the era of the birth, and the day the contents are of"),
    "formula-like": N_("nothing to do; do not open the file in a spreadsheet without need"),
    "gaiji": N_("tell the office which character is meant, if the column is to be used"),
    "duplicate-rows": N_("check whether the file was put together twice"),
    "key-repeated": N_("check whether these are corrections of earlier rows"),
    "cross-check": N_("compare these rows with the original"),
    "undeclared-identification-code": N_("check the column; the office will take it out of what is released"),
    "persons-mentioned": N_("leave the column out if it is not asked for"),
    "column-absent": N_("add the column if it is asked for"),
    "former-municipality-divided": N_("write the code of today, or tell the office which part is meant"),
    "unknown-municipality": N_("compare the code with the list of municipalities"),
    "character-lost": N_("tell the office: this must not happen"),
    "my-number-heading": N_("delete the column before you send the file"),
}
