// Empty: go:linkname needs the compiler's -complete flag off, which a file of assembly does.
