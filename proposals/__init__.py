"""Step ②–④: proposals, screening, review, decision, letters, fee, contract, and the public portal."""
