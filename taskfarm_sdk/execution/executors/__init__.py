"""Executors in which `run.work` computes: concurrent.futures, Dask, MPI."""
