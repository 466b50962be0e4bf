"""Documents in, search results out: reading, splitting, embedding, storing and searching, without a language model."""
