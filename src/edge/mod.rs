//! The edge: what the caches in front of a service read, as data.
