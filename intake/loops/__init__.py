"""The loops over bytes and numbers that are compiled to machine code: what each is given. What each does stands in the rooms beside.

Decided here: the kinds of what is handed over. The rooms with the loops themselves import the compiler; nothing imports them but it.
"""

from intake.loops.machine import Loop

# room and name → what it is given
skip_characters = Loop("characters", "skip_characters", "u1", "number", "u1")
cut_records = Loop("cutting", "cut_records", "u1", "u1", "number", "number", "u1 out", "i4 out 2", "i4 out 2", "i8 out 2",
                   "i8 out 2", "i8 out")  # fmt: skip
read_numbers = Loop("cutting", "read_numbers", "u1", "i4", "i4", "i8 out")
encode_texts = Loop("numbering", "encode_texts", "u1", "i4", "i4", "u8 out", "i4 out", "u1 out", "i4 out", "u8 out", "u8 out", "i8 out")
number_texts = Loop("numbering", "number_texts", "u1", "i4", "i4", "u8 out", "i4 out", "u1 out", "i4 out", "u8", "i8 out")
move_slots = Loop("numbering", "move_slots", "u8", "u8 out")
order_texts = Loop("numbering", "order_texts", "i4", "u1", "i4 out", "i4 out", "i4 out")
find_digits = Loop("digits", "find_digits", "u1", "i8 2", "i8 2", "u1", "number", "i8 out 2", "i8 out", "i8 out 2")
mark_hashes = Loop("repeats", "mark_hashes", "u8", "u1 out", "u8 out")
find_marked = Loop("repeats", "find_marked", "u8", "u1", "i8 out")
hash_texts = Loop("prints", "hash_texts", "u1", "i4", "u8 out", "u1 out")
hash_kept = Loop("prints", "hash_kept", "u1", "i4", "u8 out")
mix_all = Loop("prints", "mix_all", "u8", "u8 out")

LOOPS = (
    skip_characters, cut_records, read_numbers, encode_texts, number_texts, move_slots, order_texts, find_digits, mark_hashes,
    find_marked, hash_texts, hash_kept, mix_all,
)  # fmt: skip
