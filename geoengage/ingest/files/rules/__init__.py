"""What a CSV file says and what is wrong with it. Pure: no database, no clock; files come as open streams."""
