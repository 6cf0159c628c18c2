"""What the office keeps: case store, audit chain, vault, keys, settings, and the console all commands share."""
