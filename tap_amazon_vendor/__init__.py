"""Amazon Vendor Central and Seller Central as Singer streams."""
