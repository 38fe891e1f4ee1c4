"""The methods, by what they are about."""
