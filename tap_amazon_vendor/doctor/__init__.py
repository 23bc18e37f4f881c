"""What blocks an account, and what to do about it."""
