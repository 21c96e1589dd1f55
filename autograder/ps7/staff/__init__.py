"""What only the course staff has: the rubric with its hidden cases, hidden banks, data sets and their calibration."""
