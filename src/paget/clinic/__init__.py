"""What the clinic sees and does: imaging, RECIST, performance status, standards of care by era."""
