"""What tests run in processes of their own: programs that need a framework set up before it starts.

Each is named in the test that starts it, and prints or writes what that test judges.
"""
