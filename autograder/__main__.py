"""`python -m autograder`: the `ps7` command of this very folder, whatever is installed."""

from autograder.cli import main

main()
