x = "from a .py file"
