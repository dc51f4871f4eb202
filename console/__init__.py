"""What a person or a machine outside touches: terminal console, command line, headless runner."""
