"""`python -m autograder [ASSIGNMENT] ...`: the command of an assignment, run with the engine in this folder.

The name can be left out where only one assignment is installed.
"""

import sys

from autograder.student.assignment import Unavailable
from autograder.student.assignments import find, installed

name = sys.argv.pop(1) if sys.argv[1:2] and sys.argv[1] in installed() else ""
try:
    assignment = find(name)
except Unavailable as error:
    sys.exit(f"autograder: {error}")
assignment.main()
