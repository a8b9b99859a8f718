"""How fast softset is beside code written by hand and beside its peers: ``make bench``."""
