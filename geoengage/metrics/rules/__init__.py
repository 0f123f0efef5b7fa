"""What is computed of people's purchases, one file a model. Pure: arrays and values in, arrays and values out."""
