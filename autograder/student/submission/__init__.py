"""From the file that was handed in to a Notebook, or to the reason why it is none."""
