"""manageTF: creates runs, shows them, resets and deletes them."""
