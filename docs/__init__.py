"""The documentation, and the code that writes the pages that follow from the project's source."""
