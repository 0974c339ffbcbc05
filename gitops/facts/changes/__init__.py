"""What a change makes of every manifest, field by field."""
