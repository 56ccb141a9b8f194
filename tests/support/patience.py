"""The net under all waiting in tests: far beyond what a busy machine takes."""

# Below pytest's own timeout, so that the test itself says what it waited for.
PATIENCE_S = 60.0
