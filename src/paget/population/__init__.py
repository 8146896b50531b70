"""Populations of virtual patients: grown to diagnosis once, kept, and drawn from."""
