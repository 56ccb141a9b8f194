"""`--slurm`: workTF on the nodes of a cluster, as an array of Slurm's."""
