"""Child processes in which `run.work` computes."""
