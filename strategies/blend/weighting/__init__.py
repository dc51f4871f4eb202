"""How much each signal of a class weighs, estimated from the daily returns its own book would have had."""
