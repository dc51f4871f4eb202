"""The specification of Quarterdeck, executable."""
