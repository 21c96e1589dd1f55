"""The toy's questions."""
