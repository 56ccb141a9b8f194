"""Items: the inputs of a run, the chunks that its tasks compute, and how both are stored."""
