"""Grades by differential tests: ask, compare, judge, price. It knows no assignment; everything about one is in its
rubric and its banks."""
