"""How recognisable are the persons in a written release: models, attacks, gate, report."""
