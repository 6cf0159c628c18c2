"""From the text of a cell to a value of the common schema. Every rule works on the distinct texts of a column; nothing here does I/O."""
