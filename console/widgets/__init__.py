"""The building blocks that panes and screens are drawn from."""
