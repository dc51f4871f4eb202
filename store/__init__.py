"""The records every room speaks, and the database that keeps them."""
