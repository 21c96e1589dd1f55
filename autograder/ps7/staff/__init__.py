"""What the course staff alone has: the rubric with its hidden cases, hidden banks, data sets and their calibration."""
