"""Tools of a release: the public API and its breaks, builds, licences, and tests on the wheel."""
