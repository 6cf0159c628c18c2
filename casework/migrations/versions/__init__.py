"""One module per revision, in their order."""
