"""Outcomes of tasks and items, as journals and results folders keep them, for page and report."""
