"""From bytes to rows, one file per format. Every reader yields the same `Block`s; what a cell means is decided in `intake.values`."""
