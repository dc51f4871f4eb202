"""The engine killed, starved, frozen and lied to, again and again: what it promises must still hold."""
