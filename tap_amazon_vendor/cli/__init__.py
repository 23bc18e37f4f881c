"""The commands of `amazon-vendor`: what a person does around the tap."""
