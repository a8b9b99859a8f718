"""Which way of training is best on the user's own data: fits, records, and what they say."""
