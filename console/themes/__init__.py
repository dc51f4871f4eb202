"""The themes of the screen, one file each: nothing but data."""
