"""A registry: the same virtual patients as in trials, seen through what clinicians choose and registries write down."""
