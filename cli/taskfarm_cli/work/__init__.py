"""workTF: runs a command for each task of a run."""
