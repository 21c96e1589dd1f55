"""What a course decides beyond the assignment: points, visibility, time, and what lateness costs."""
