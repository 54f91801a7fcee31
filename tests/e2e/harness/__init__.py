"""What the end-to-end tests share: processes, clients, schemas."""
