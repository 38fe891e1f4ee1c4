"""What `manage.py doctor` looks at: each check answers findings, and none changes anything."""
