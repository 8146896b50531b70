"""What every form that a user writes shares: reading YAML with line numbers, and telling all mistakes of a file at once."""

from paget.forms.explain import explain, validated
from paget.forms.faults import Fault, Faults, Key, key_text, to_error
from paget.forms.yaml_text import parse, read, text_of

__all__ = ["Fault", "Faults", "Key", "explain", "key_text", "parse", "read", "text_of", "to_error", "validated"]
