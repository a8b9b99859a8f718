"""What the tests share.

`backends`: the libraries and modes that tests run in, as classes with the same methods.
`marks`: on which of them, and with which combinations of parameters, a test runs.
`referees`: what results are held to: data, definitions written again, tolerances, assertions.
"""
