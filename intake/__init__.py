"""Step ⑤–⑥: register entries, sealed transfer, and the way from bytes to the common schema."""
