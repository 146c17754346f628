// The 221795 bytes that the build wrote are left out.
