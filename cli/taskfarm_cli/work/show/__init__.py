"""Reading back what workTF and `farm.map` kept: `workTF --show DIR`."""
