"""Ways for octets to leave, behind one protocol."""
