"""The command line, headless runs and the control socket."""
