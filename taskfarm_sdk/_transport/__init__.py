"""All network I/O: httpx, TLS, TCP, errors from replies, and the two drivers."""
