"""manageTF: creates, shows, resets, repairs and deletes runs."""
