"""The steps that a flow may yield, and the retry table."""
