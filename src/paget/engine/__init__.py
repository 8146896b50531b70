"""Runs: compiling a protocol, drawing its patients, living them in chunks, keeping what is finished."""
