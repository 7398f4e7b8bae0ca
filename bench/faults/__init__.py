"""The fault matrix: what clients do when things go wrong, on real loopback sockets."""
