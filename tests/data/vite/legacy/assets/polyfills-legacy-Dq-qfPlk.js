// The 32085 bytes that the build wrote are left out.
