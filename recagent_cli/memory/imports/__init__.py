"""Histories from elsewhere: read, matched to the catalog, written down as facts.

`sources` opens what the person names, `tables` gives its rows, one module a family of formats says
what a row means, `matching` finds the item, `gathering` adds the rows up, `importing` writes them.
"""
