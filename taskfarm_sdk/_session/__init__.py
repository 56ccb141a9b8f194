"""The settings and the token of a farm, requests, and the link that drives flows."""
