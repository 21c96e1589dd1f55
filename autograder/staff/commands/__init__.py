"""What instructors' commands do for one submission, or for everything whose verdict is known."""
