"""The truth: growth, cascade, dormancy, resistance and death, in small scalar functions that compile."""
