"""The commands on top of `taskfarm_sdk`: manageTF and serveTF."""
