"""What the signals said on recorded bitcoin markets: the figures and pictures of `docs/evidence.md`."""
