"""One patient from first cell to last follow-up: the loop in which biology, clinic and therapy take turns."""
