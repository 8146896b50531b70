"""The reduced model of `reduced_model.md`, three times over, and the floor that no version can go below."""
