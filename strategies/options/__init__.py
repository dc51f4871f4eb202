"""What an option is worth, what its price says of volatility, and what selling one against holdings earns."""
