"""The results folder: its order, the records of items, their index, and what users read."""
