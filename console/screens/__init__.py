"""The screens that cover the main one, one a file."""
