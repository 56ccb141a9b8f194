"""Parts that manageTF, serveTF and workTF share."""
