"""What a Colab notebook finds, as far as there is none of it where grading runs."""
