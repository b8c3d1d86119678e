x = "the .co file goes first"
