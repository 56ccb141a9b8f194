"""The output of manageTF: plain lines, JSON, or the view of a terminal."""
