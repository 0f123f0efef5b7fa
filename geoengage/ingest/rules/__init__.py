"""Other programs' wire formats, read into pings. Pure: a body in, what it says and what was ignored out."""
