"""Takes in what a class has handed in: the one room that opens folders and archives which students have filled."""
