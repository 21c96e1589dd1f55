"""What each `ps7` command does, without the terminal."""
