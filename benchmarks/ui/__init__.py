"""How quick the window feels; see `__main__`."""
