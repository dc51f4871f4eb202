"""What the screen looks like: inks, themes, frames, and pictures of every screen."""
