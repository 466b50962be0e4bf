"""A question in, an Answer out: every sentence of it with the words of a document that bear it out."""
