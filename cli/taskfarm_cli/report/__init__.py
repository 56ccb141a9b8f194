"""Reports of runs: what a journal and a results folder tell, gathered and written as HTML."""
