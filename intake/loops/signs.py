"""Numbers that stand for something on both sides of a loop."""

LF, CR, QUOTE, NUL, EOF_MARK = 10, 13, 34, 0, 26

# what a byte is to the cutting of records
CONTENT, NUL_KIND, QUOTE_KIND, END = 0, 1, 2, 3
# what may be wrong with a record
SOUND, NUL_MET, QUOTES_BROKEN, FIELDS_WRONG = 0, 1, 2, 3

# classes of characters: 0 to 9 are digits, 16 more when not in half width
SEPARATOR, OTHER, BRACKET, SPELLED = 10, 11, 12, 16
DIGITS, WIDEST_GAP = 12, 3

# of hashes: where they begin, what they are multiplied by, and the hash of nothing
BASIS, PRIME, NOTHING = 0xCBF29CE484222325, 0x100000001B3, 0x9E3779B97F4A7C15
