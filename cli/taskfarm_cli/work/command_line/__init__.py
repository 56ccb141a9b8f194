"""The command line of workTF."""
