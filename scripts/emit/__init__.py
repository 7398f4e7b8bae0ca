"""What is added to the generated package: operations, compiled rules, waiters and typed variants."""
