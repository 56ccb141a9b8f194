"""The operating system: process groups, signals, forks, CPUs."""
