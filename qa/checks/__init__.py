"""Whether the passages bear out what a model wrote: statements, what they claim, and the words that support them."""
