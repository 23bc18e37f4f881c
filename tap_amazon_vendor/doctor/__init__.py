"""What keeps an account from being read, and what to do about it."""
