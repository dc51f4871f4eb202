"""The evidence signals that read more than bars."""
