"""Grades by differential tests: ask, compare, judge, price. Knows no assignment; a rubric and banks say all of one."""
