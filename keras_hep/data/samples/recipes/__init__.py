"""The samples themselves, one a file: each module has one `SAMPLE`."""
