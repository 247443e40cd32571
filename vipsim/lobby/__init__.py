"""The lobby day: who comes, what happens to them minute by minute, and which staff minutes it takes."""
