"""The customers: the book, its segments, owners, life cycle and assets."""
