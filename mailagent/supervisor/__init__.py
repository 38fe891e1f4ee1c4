"""Everything on one machine under one roof: `manage.py up` and `manage.py test`.

These modules run before anything is installed: they import the standard library and each other.
"""
