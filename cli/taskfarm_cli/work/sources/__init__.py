"""Sources of inputs: files of lines, JSON and CSV, grids, patterns of names, and words."""
