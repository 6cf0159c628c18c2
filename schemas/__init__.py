"""What things are: documents, tables, codes, hierarchies, regimes, plans, errors and findings. No I/O beyond the data shipped here."""
