/* Replaces what differs between two runs of `scripts/fuzz repeat`: the random numbers that seed Rust's hash maps, and the
 * clocks. */
#include <string.h>
#include <sys/types.h>
#include <time.h>

ssize_t getrandom(void *buffer, size_t length, unsigned int flags) {
    (void)flags;
    memset(buffer, 1, length);
    return (ssize_t)length;
}

/* Each call returns a microsecond more than the one before. The watch for slow inputs has a thread and a count of its own. */
int clock_gettime(clockid_t clock, struct timespec *time) {
    static __thread long long calls;
    (void)clock;
    calls += 1;
    time->tv_sec = 1767225600 + calls / 1000000;
    time->tv_nsec = calls % 1000000 * 1000;
    return 0;
}
