/* Preloaded into a test process: counts its calls that change a disk, and at one of them does harm.

   Only calls below one folder count, and only after `fault_arm`; a forked child is armed by itself. How many calls there
   were, and which one was hit, lies in memory that parent and children share. SQLite's calls come by here too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CREATE = 1, WRITE = 2, SYNC = 4, NAME = 8, REMOVE = 16, SIZE = 32 };
enum { COUNT, KILL_BEFORE, KILL_AFTER, TORN, SHORT, FAIL_ONCE, FAIL_FROM, NO_SYNC, STOP, CUT, NO_SYNC_KILL };
enum { SHUTDOWN = 0x8004587D, WITHOUT_LOG = 2, MOST_FILES = 64, MOST_PAGES = 2048, PAGE = 4096, MOST_WHAT = 400 };

/* What the kernel knows of a file's pages: those to write, and those it calls clean although the disk never got them. */
struct file { ino_t inode; int generation; char dirty[MOST_PAGES], lost[MOST_PAGES]; };

struct shared {
    long count;
    int has_failed;
    int files;
    struct file file[MOST_FILES];
    char what[MOST_WHAT];
};

static struct shared *shared;
static int hurries, armed, action, classes, error_number, cut_fd = -1, trace_fd = -1;
static long point;
static char root[PATH_MAX];
static size_t root_length;

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); real; })

__attribute__((constructor)) static void make_shared(void) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* ---------------------------------------------------------------- what the tests call */
void fault_arm(int new_action, int new_classes, long new_point, int error, const char *below, int disk, int trace) {
    action = new_action, classes = new_classes, point = new_point, error_number = error;
    cut_fd = disk, trace_fd = trace;
    root_length = (size_t)snprintf(root, sizeof root, "%s/", below);
    armed = 1;
}
void fault_hurry(void) { hurries = 1; }
void fault_disarm(void) { armed = 0; }
void fault_reset(void) { memset(shared, 0, offsetof(struct shared, file)); shared->what[0] = 0; }
long fault_count(void) { return shared->count; }
const char *fault_what(void) { return shared->what; }

/* SQLite sleeps by these between its tries; who hurries has as many tries, and no sleep. */
int nanosleep(const struct timespec *length, struct timespec *rest) { return hurries ? 0 : REAL(nanosleep)(length, rest); }
int usleep(useconds_t length) { return hurries ? 0 : REAL(usleep)(length); }

/* ---------------------------------------------------------------- whether a call counts, and what happens */
static int is_inside(const char *path) { return !strncmp(path, root, root_length); }

static int path_of(int fd, char *into) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, into, PATH_MAX - 1);
    into[length < 0 ? 0 : length] = 0;
    return length > 0;
}

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

/* Gives 0 to go on, -1 when the call fails with errno set, 1 when it is the one that is torn or killed after. */
static int judge(int class, const char *call, const char *path) {
    if (!(classes & class)) return 0;
    long number = __atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
    if (trace_fd >= 0) dprintf(trace_fd, "%ld %s %s\n", number, call, path + root_length);
    if (number != point && !(action == FAIL_FROM && number > point)) return 0;
    if (number == point) snprintf(shared->what, MOST_WHAT, "%s %s", call, path + root_length);
    switch (action) {
    case KILL_BEFORE: die();
    case CUT: { int how = WITHOUT_LOG; ioctl(cut_fd, SHUTDOWN, &how); die(); }
    case STOP: kill(getpid(), SIGSTOP); return 0;
    case FAIL_ONCE: case FAIL_FROM: case NO_SYNC: case NO_SYNC_KILL: errno = error_number; return -1;
    default: return action == COUNT ? 0 : 1;
    }
}

static int at_path(int class, const char *call, int dirfd, const char *path) {
    char whole[PATH_MAX * 2];
    if (!armed || !path) return 0;
    if (path[0] == '/') return is_inside(path) ? judge(class, call, path) : 0;
    if (dirfd == AT_FDCWD || !path_of(dirfd, whole)) return 0;
    size_t length = strlen(whole);
    snprintf(whole + length, sizeof whole - length, "/%s", path);
    return is_inside(whole) ? judge(class, call, whole) : 0;
}

static int at_fd(int class, const char *call, int fd) {
    char path[PATH_MAX];
    return armed && path_of(fd, path) && is_inside(path) ? judge(class, call, path) : 0;
}

static long done(int judged, long result) {
    if (judged == 1 && action == KILL_AFTER) die();
    return result;
}

/* ---------------------------------------------------------------- names */
#define AROUND(class, dirfd, path, name, ...) \
    int judged = at_path(class, #name, dirfd, path); \
    if (judged < 0) return -1; \
    return (int)done(judged, REAL(name)(__VA_ARGS__))

#define OPENING(name) \
int name(const char *path, int flags, ...) { \
    va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
    if (!(flags & (O_CREAT | O_TRUNC))) return REAL(name)(path, flags, mode); \
    AROUND(CREATE, AT_FDCWD, path, name, path, flags, mode); \
}
#define OPENING_AT(name) \
int name(int dirfd, const char *path, int flags, ...) { \
    va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
    if (!(flags & (O_CREAT | O_TRUNC))) return REAL(name)(dirfd, path, flags, mode); \
    AROUND(CREATE, dirfd, path, name, dirfd, path, flags, mode); \
}
OPENING(open)
OPENING(open64)
OPENING_AT(openat)
OPENING_AT(openat64)

int mkdir(const char *path, mode_t mode) { AROUND(CREATE, AT_FDCWD, path, mkdir, path, mode); }
int mkdirat(int dirfd, const char *path, mode_t mode) { AROUND(CREATE, dirfd, path, mkdirat, dirfd, path, mode); }
int rename(const char *from, const char *to) { AROUND(NAME, AT_FDCWD, to, rename, from, to); }
int renameat(int a, const char *from, int b, const char *to) { AROUND(NAME, b, to, renameat, a, from, b, to); }
int link(const char *from, const char *to) { AROUND(NAME, AT_FDCWD, to, link, from, to); }
int linkat(int a, const char *from, int b, const char *to, int flags) { AROUND(NAME, b, to, linkat, a, from, b, to, flags); }
int symlink(const char *to, const char *path) { AROUND(NAME, AT_FDCWD, path, symlink, to, path); }
int unlink(const char *path) { AROUND(REMOVE, AT_FDCWD, path, unlink, path); }
int unlinkat(int dirfd, const char *path, int flags) { AROUND(REMOVE, dirfd, path, unlinkat, dirfd, path, flags); }
int rmdir(const char *path) { AROUND(REMOVE, AT_FDCWD, path, rmdir, path); }
int truncate64(const char *path, off64_t size) { AROUND(SIZE, AT_FDCWD, path, truncate64, path, size); }

/* ---------------------------------------------------------------- pages of files, when a sync fails */
static struct file *file_of(int fd) {
    struct stat status;
    int generation = 0; /* a file that comes later may get the same inode */
    if (!shared->has_failed && !(armed && (action == NO_SYNC || action == NO_SYNC_KILL))) return NULL;
    if (fstat(fd, &status) || !S_ISREG(status.st_mode)) return NULL;
    ioctl(fd, FS_IOC_GETVERSION, &generation);
    for (int i = 0; i < shared->files; i++)
        if (shared->file[i].inode == status.st_ino && shared->file[i].generation == generation) return &shared->file[i];
    if (shared->files == MOST_FILES) return NULL;
    struct file *file = &shared->file[shared->files++];
    memset(file, 0, sizeof *file);
    file->inode = status.st_ino, file->generation = generation;
    return file;
}

static void note_write(int fd, off64_t at, size_t size) {
    struct file *file = file_of(fd);
    if (!file || !size) return;
    if (at < 0) at = lseek64(fd, 0, SEEK_CUR);
    for (off64_t page = at / PAGE; page <= (at + (off64_t)size - 1) / PAGE && page < MOST_PAGES; page++)
        file->dirty[page] = 1, file->lost[page] = 0;
}

static void note_end(int fd, off64_t size) {
    struct file *file = file_of(fd);
    for (off64_t page = (size + PAGE - 1) / PAGE; file && page < MOST_PAGES; page++)
        file->dirty[page] = file->lost[page] = 0;
}

static void lose_pages(int fd) {
    struct file *file = file_of(fd);
    shared->has_failed = 1;
    for (int page = 0; file && page < MOST_PAGES; page++)
        if (file->dirty[page]) file->lost[page] = 1, file->dirty[page] = 0;
}

/* After an error the kernel calls a page clean: the next sync says yes, and the page is on the disk only if it was
   written once more. */
static int has_lost_pages(int fd) {
    struct file *file = file_of(fd);
    if (!file) return 0;
    memset(file->dirty, 0, sizeof file->dirty);
    return memchr(file->lost, 1, sizeof file->lost) != NULL;
}

/* ---------------------------------------------------------------- bytes */
#define WRITING(fd, name, at, wanted, half, whole) \
    int judged = (wanted) ? at_fd(WRITE, #name, fd) : 0; \
    if (judged < 0) return -1; \
    note_write(fd, at, wanted); \
    if (judged && (action == TORN || action == SHORT) && (wanted) > 1) { \
        ssize_t written = half; \
        if (action == TORN) die(); \
        return written; \
    } \
    return done(judged, whole)

ssize_t write(int fd, const void *data, size_t size) {
    WRITING(fd, write, -1, size, REAL(write)(fd, data, size / 2), REAL(write)(fd, data, size));
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    WRITING(fd, pwrite, at, size, REAL(pwrite)(fd, data, size / 2, at), REAL(pwrite)(fd, data, size, at));
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    WRITING(fd, pwrite64, at, size, REAL(pwrite64)(fd, data, size / 2, at), REAL(pwrite64)(fd, data, size, at));
}
static size_t total(const struct iovec *parts, int count) {
    size_t size = 0;
    for (int i = 0; i < count; i++) size += parts[i].iov_len;
    return size;
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    size_t size = total(parts, count);
    WRITING(fd, writev, -1, size, REAL(write)(fd, parts[0].iov_base, parts[0].iov_len / 2), REAL(writev)(fd, parts, count));
}
ssize_t sendfile64(int out, int in, off64_t *at, size_t size) {
    WRITING(out, sendfile64, -1, size, REAL(sendfile64)(out, in, at, size / 2), REAL(sendfile64)(out, in, at, size));
}
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
    WRITING(out, copy_file_range, -1, size, REAL(copy_file_range)(in, from, out, to, size / 2, flags),
            REAL(copy_file_range)(in, from, out, to, size, flags));
}
#define SIZING(name, fd, ...) \
    int judged = at_fd(SIZE, #name, fd); \
    if (judged < 0) return -1; \
    return (int)done(judged, REAL(name)(__VA_ARGS__))
int ftruncate(int fd, off_t size) { note_end(fd, size); SIZING(ftruncate, fd, fd, size); }
int ftruncate64(int fd, off64_t size) { note_end(fd, size); SIZING(ftruncate64, fd, fd, size); }
int fallocate(int fd, int mode, off_t at, off_t size) { SIZING(fallocate, fd, fd, mode, at, size); }
int fallocate64(int fd, int mode, off64_t at, off64_t size) { SIZING(fallocate64, fd, fd, mode, at, size); }
int posix_fallocate(int fd, off_t at, off_t size) {
    return at_fd(SIZE, "posix_fallocate", fd) < 0 ? errno : REAL(posix_fallocate)(fd, at, size);
}
int posix_fallocate64(int fd, off64_t at, off64_t size) {
    return at_fd(SIZE, "posix_fallocate64", fd) < 0 ? errno : REAL(posix_fallocate64)(fd, at, size);
}

/* ---------------------------------------------------------------- syncing */
#define SYNCING(name) \
int name(int fd) { \
    int judged = at_fd(SYNC, #name, fd); \
    if (judged < 0) { \
        int error = errno; \
        if (action == NO_SYNC || action == NO_SYNC_KILL) lose_pages(fd); \
        if (action == NO_SYNC_KILL) die(); \
        errno = error; \
        return -1; \
    } \
    return has_lost_pages(fd) ? 0 : (int)done(judged, REAL(name)(fd)); \
}
SYNCING(fsync)
SYNCING(fdatasync)
