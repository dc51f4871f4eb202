"""The attached console in a browser: every tab is a viewer of its own, behind a token."""
