"""Benchmarks: ``python -m benchmarks`` measures the kernels, the full model, scaling and whole runs. Never run by tests."""
