"""The service that counts on a device without an operator."""
