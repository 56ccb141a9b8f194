"""Settings and token of a farm, requests with retries, and the link that drives flows."""
