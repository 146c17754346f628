// The 24392 bytes that the build wrote are left out.
