"""`Farm.map`: a function is called with the items of a run's chunks, and its results are kept."""
