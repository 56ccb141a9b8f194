"""Commands that workTF runs, one for each task."""
