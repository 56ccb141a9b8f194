"""The server's operations, and the lease in a task's percentage."""
