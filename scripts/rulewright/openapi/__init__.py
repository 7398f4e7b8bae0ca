"""An OpenAPI document: reading it, its operations, parameters, references and JSON pointers."""
