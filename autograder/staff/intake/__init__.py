"""Takes in the hand-ins of a class: the only room that opens folders and archives that students have filled."""
