"""Stand-ins for the parts of Colab that do not exist where the grader runs."""
