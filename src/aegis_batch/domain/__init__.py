"""The rules of closing the books, in pure Python and the standard library alone."""
