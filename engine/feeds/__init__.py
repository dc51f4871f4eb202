"""Where market data comes from: the feed port and its implementations, one a file."""
