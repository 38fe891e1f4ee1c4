"""The dashboard: plain pages and fragments, live by signal and fetch."""
