"""A new bureau, from what its founders answer to what the database holds."""
