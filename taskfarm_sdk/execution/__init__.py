"""Computing many tasks at a time: for run.work, farm.map and workTF.

What others use of it is in `parts`. Nothing is imported here: a child process, whose modules are
below, would import the worker and all that talks to the server with it.
"""
