"""Memberships, their four sums, and the way back to the gradient."""
