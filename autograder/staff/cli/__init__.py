"""The command line as instructors have it."""
