"""Keys and workspaces over the API."""
