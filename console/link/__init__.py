"""How a console reaches an engine: in the same process or over a Unix socket."""
