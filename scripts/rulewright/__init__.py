"""Build, check and keep a typed API client from an OpenAPI document, overlays and rules."""
