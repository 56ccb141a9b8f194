"""serveTF: runs the taskfarm server."""
