"""The control plane: HTTP for operators and other services, on a private address."""
