/* Loaded before the C library by reproducible.py: another day, and directories read backwards. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define LATER_S (400L * 24 * 60 * 60)
#define MAX_OPEN 256

static int (*real_clock)(clockid_t, struct timespec*);
static struct dirent* (*real_read)(DIR*);
static int (*real_close)(DIR*);

/* The entries of an open directory, in the order in which the system gives them. */
static struct listing {
    DIR* of;
    struct dirent* entries;
    size_t left;
} listings[MAX_OPEN];

int clock_gettime(clockid_t id, struct timespec* to) {
    if (!real_clock) {
        real_clock = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
    }
    int status = real_clock(id, to);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) {
        to->tv_sec += LATER_S;
    }
    return status;
}

time_t time(time_t* to) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to) {
        *to = now.tv_sec;
    }
    return now.tv_sec;
}

int gettimeofday(struct timeval* restrict to, void* restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    to->tv_sec = now.tv_sec;
    to->tv_usec = now.tv_nsec / 1000;
    return 0;
}

static struct listing* find_listing(DIR* of) {
    for (int i = 0; i < MAX_OPEN; ++i) {
        if (listings[i].of == of) {
            return &listings[i];
        }
    }
    return NULL;
}

static struct listing* make_listing(DIR* of) {
    struct listing* made = find_listing(NULL);
    if (!made) {
        return NULL;
    }
    size_t count = 0;
    struct dirent* all = NULL;
    for (struct dirent* entry = real_read(of); entry; entry = real_read(of)) {
        all = realloc(all, (count + 1) * sizeof *all);
        memcpy(&all[count++], entry, entry->d_reclen < sizeof *all ? entry->d_reclen : sizeof *all);
    }
    made->of = of;
    made->entries = all;
    made->left = count;
    return made;
}

struct dirent* readdir(DIR* of) {
    if (!real_read) {
        real_read = (struct dirent * (*)(DIR*)) dlsym(RTLD_NEXT, "readdir");
        real_close = (int (*)(DIR*))dlsym(RTLD_NEXT, "closedir");
    }
    struct listing* known = find_listing(of);
    known = known ? known : make_listing(of);
    if (!known) {
        return real_read(of);
    }
    return known->left > 0 ? &known->entries[--known->left] : NULL;
}

#ifdef __linux__
struct dirent64* readdir64(DIR* of) { return (struct dirent64*)readdir(of); }
#endif

int closedir(DIR* of) {
    struct listing* known = real_read ? find_listing(of) : NULL;
    if (known) {
        free(known->entries);
        known->of = NULL;
    }
    if (!real_close) {
        real_close = (int (*)(DIR*))dlsym(RTLD_NEXT, "closedir");
    }
    return real_close(of);
}
