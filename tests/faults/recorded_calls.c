/* Preloaded recorder: every call of the process that changes or syncs something below one folder, in order.
 *
 * One lock is held over a call and its record, so that the order of the records is an order in which the calls
 * happened, whatever thread made them. Only calls that succeeded are recorded. Python switches it on and off and
 * fetches the records through ctypes (recorded_writes.py, which also says how a record looks).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FDS 4096
#define LONGEST 4096

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char folder[LONGEST];
static size_t folder_length;
static int is_on;
static char known[MOST_FDS];
static unsigned char *records;
static size_t used, room;

#define ORIGINAL(name) \
    static __typeof__(name) *original; \
    if (!original) original = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void append(const void *bytes, size_t length) {
    if (used + length > room) {
        room = (used + length) * 2 + 65536;
        records = realloc(records, room);
        if (!records) abort();
    }
    if (length) memcpy(records + used, bytes, length);
    used += length;
}

static void record(char kind, int fd, int64_t number, const void *first, size_t length, const char *second) {
    uint32_t sizes[2] = {(uint32_t)length, (uint32_t)(second ? strlen(second) : 0)};
    append(&kind, 1);
    append(&fd, 4);
    append(&number, 8);
    append(sizes, 8);
    append(first, length);
    append(second, sizes[1]);
}

static int inside(const char *path) {
    return is_on && !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

/* Give the whole path of what a call with a descriptor of a folder names. */
static const char *whole(int at, const char *path, char *buffer) {
    char link[64];
    ssize_t length;
    if (path[0] == '/' || !is_on) return path;
    if (at == AT_FDCWD) {
        if (!getcwd(buffer, LONGEST)) return path;
        length = (ssize_t)strlen(buffer);
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        length = readlink(link, buffer, LONGEST - 1);
        if (length < 0) return path;
    }
    snprintf(buffer + length, LONGEST - (size_t)length, "/%s", path);
    return buffer;
}

void recorder_start(const char *path) {
    pthread_mutex_lock(&lock);
    snprintf(folder, sizeof folder, "%s", path);
    folder_length = strlen(folder);
    used = 0;
    memset(known, 0, sizeof known);
    is_on = 1;
    pthread_mutex_unlock(&lock);
}

void recorder_stop(void) { is_on = 0; }

void recorder_mark(const char *text) {
    pthread_mutex_lock(&lock);
    if (is_on) record('K', -1, 0, text, strlen(text), NULL);
    pthread_mutex_unlock(&lock);
}

const unsigned char *recorder_records(size_t *length) {
    *length = used;
    return records;
}

/* ------------------------------------------------------------ opening and closing */
static int opened(int at, const char *path, int flags, mode_t mode) {
    static int (*original)(int, const char *, int, ...);
    if (!original) original = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
    char buffer[LONGEST];
    const char *full = whole(at, path, buffer);
    if (!inside(full)) return original(at, path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat before;
    int was_there = !lstat(full, &before);
    int fd = original(at, path, flags, mode);
    if (fd >= 0 && fd < MOST_FDS) {
        int64_t what = (!was_there && (flags & O_CREAT) ? 1 : 0) | ((flags & O_TRUNC) ? 2 : 0);
        known[fd] = 1;
        record('O', fd, what, full, strlen(full), NULL);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

int open(const char *path, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return opened(at, path, flags, mode); }

int close(int fd) {
    ORIGINAL(close);
    if (fd >= 0 && fd < MOST_FDS) known[fd] = 0;
    return original(fd);
}

static int is_known(int fd) { return is_on && fd >= 0 && fd < MOST_FDS && known[fd]; }

/* ------------------------------------------------------------ content */
static int64_t place_of(int fd) {
    struct stat status;
    if (fcntl(fd, F_GETFL) & O_APPEND) return fstat(fd, &status) ? 0 : status.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *data, size_t length) {
    ORIGINAL(write);
    if (!is_known(fd)) return original(fd, data, length);
    pthread_mutex_lock(&lock);
    int64_t place = place_of(fd);
    ssize_t done = original(fd, data, length);
    if (done > 0) record('W', fd, place, data, (size_t)done, NULL);
    pthread_mutex_unlock(&lock);
    return done;
}

#define PLACED_WRITE(name) \
    ssize_t name(int fd, const void *data, size_t length, off_t place) { \
        ORIGINAL(name); \
        if (!is_known(fd)) return original(fd, data, length, place); \
        pthread_mutex_lock(&lock); \
        ssize_t done = original(fd, data, length, place); \
        if (done > 0) record('W', fd, place, data, (size_t)done, NULL); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
PLACED_WRITE(pwrite)
PLACED_WRITE(pwrite64)

/* Calls that the recorder could not tell about: nobody may make them below the folder. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    ORIGINAL(writev);
    if (is_known(fd)) abort();
    return original(fd, parts, count);
}

ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t length, unsigned flags) {
    ORIGINAL(copy_file_range);
    if (is_known(to)) abort();
    return original(from, a, to, b, length, flags);
}

#define CUT(name) \
    int name(int fd, off_t size) { \
        ORIGINAL(name); \
        if (!is_known(fd)) return original(fd, size); \
        pthread_mutex_lock(&lock); \
        int failed = original(fd, size); \
        if (!failed) record('T', fd, size, NULL, 0, NULL); \
        pthread_mutex_unlock(&lock); \
        return failed; \
    }
CUT(ftruncate)
CUT(ftruncate64)

#define SYNC(name) \
    int name(int fd) { \
        ORIGINAL(name); \
        if (!is_known(fd)) return original(fd); \
        pthread_mutex_lock(&lock); \
        int failed = original(fd); \
        if (!failed) record('S', fd, 0, NULL, 0, NULL); \
        pthread_mutex_unlock(&lock); \
        return failed; \
    }
SYNC(fsync)
SYNC(fdatasync)

/* ------------------------------------------------------------ names */
static void named(char kind, const char *path, const char *other) {
    if (inside(path) || (other && inside(other))) record(kind, -1, 0, path, strlen(path), other);
}

#define ONE_NAME(name, kind, parameters, arguments, at, path) \
    int name parameters { \
        ORIGINAL(name); \
        if (!is_on) return original arguments; \
        char buffer[LONGEST]; \
        pthread_mutex_lock(&lock); \
        const char *full = whole(at, path, buffer); \
        int failed = original arguments; \
        if (!failed) named(kind, full, NULL); \
        pthread_mutex_unlock(&lock); \
        return failed; \
    }
ONE_NAME(unlink, 'U', (const char *path), (path), AT_FDCWD, path)
ONE_NAME(rmdir, 'D', (const char *path), (path), AT_FDCWD, path)
ONE_NAME(mkdir, 'M', (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
ONE_NAME(mkdirat, 'M', (int at, const char *path, mode_t mode), (at, path, mode), at, path)
ONE_NAME(unlinkat, flags & AT_REMOVEDIR ? 'D' : 'U', (int at, const char *path, int flags), (at, path, flags), at, path)

#define TWO_NAMES(name, kind, parameters, arguments, at, path, to, other) \
    int name parameters { \
        ORIGINAL(name); \
        if (!is_on) return original arguments; \
        char buffer[LONGEST], second[LONGEST]; \
        pthread_mutex_lock(&lock); \
        const char *full = whole(at, path, buffer), *whole_other = whole(to, other, second); \
        int failed = original arguments; \
        if (!failed) named(kind, full, whole_other); \
        pthread_mutex_unlock(&lock); \
        return failed; \
    }
TWO_NAMES(link, 'L', (const char *path, const char *other), (path, other), AT_FDCWD, path, AT_FDCWD, other)
TWO_NAMES(rename, 'R', (const char *path, const char *other), (path, other), AT_FDCWD, path, AT_FDCWD, other)
TWO_NAMES(linkat, 'L', (int at, const char *path, int to, const char *other, int flags), (at, path, to, other, flags),
          at, path, to, other)
TWO_NAMES(renameat, 'R', (int at, const char *path, int to, const char *other), (at, path, to, other), at, path, to,
          other)
