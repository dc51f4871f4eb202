"""From many readings to one opinion for each symbol."""
