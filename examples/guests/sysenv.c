/* A guest of sys_fs and sys_proc that uses all their functions, for 32-bit and 64-bit pointers,
 * without a C library.
 *
 *   sysenv DIR      makes DIR, copies a file in it, walks through it and removes it again;
 *                   tells what it was given; ends with code 7
 */
typedef __SIZE_TYPE__ size;
typedef unsigned char byte;
typedef int i32;
typedef long long i64;

#define FS(name) __attribute__((import_module("sys_fs"), import_name(#name))) name
#define PROC(name) __attribute__((import_module("sys_proc"), import_name(#name))) name

i32 FS(open)(const char *path, size path_len, i32 flags, i32 mode);
i32 FS(close)(i32 fd);
i32 FS(read)(i32 fd, void *buf, size buf_len);
i32 FS(write)(i32 fd, const void *buf, size buf_len);
i64 FS(lseek)(i32 fd, i64 offset, i32 whence);
i32 FS(stat)(const char *path, size path_len, void *stat_buf);
i32 FS(fstat)(i32 fd, void *stat_buf);
i32 FS(unlink)(const char *path, size path_len);
i32 FS(rename)(const char *old, size old_len, const char *new, size new_len);
i32 FS(mkdir)(const char *path, size path_len, i32 mode);
i32 FS(rmdir)(const char *path, size path_len);
i32 FS(getcwd)(char *buf, size buf_len);
i32 FS(opendir)(const char *path, size path_len);
i32 FS(readdir)(i32 dir_fd, void *entry);
i32 FS(closedir)(i32 dir_fd);
_Noreturn void PROC(exit)(i32 code);
i32 PROC(argc)(void);
i32 PROC(argv_len)(i32 idx);
i32 PROC(argv)(i32 idx, char *buf, size buf_len);
i32 PROC(getenv)(const char *name, size name_len, char *buf, size buf_len);
i32 PROC(clock_gettime)(i32 clk_id, void *ts);

enum { O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_EXCL = 0200, O_TRUNC = 01000 };
enum { ENOENT = 2, EEXIST = 17, EISDIR = 21, ERANGE = 34, ENOTEMPTY = 39 };
enum { BIG = 100000 };

struct stat {
    unsigned dev, ino, mode, nlink, uid, gid;
    unsigned long long size, atime_ns, mtime_ns, ctime_ns;
};
struct entry {
    unsigned ino;
    byte type;
    char name[255];
};
struct __attribute__((packed)) time {
    i64 seconds;
    i32 nanoseconds;
};
_Static_assert(sizeof(struct stat) == 56 && sizeof(struct entry) == 260, "layouts");
_Static_assert(sizeof(struct time) == 12, "layouts");

static size length(const char *text) {
    size len = 0;
    while (text[len]) len++;
    return len;
}

static void say(const char *text) { write(1, text, length(text)); }

static void number(const char *what, i64 value) {
    char digits[24];
    size at = sizeof digits;
    i64 rest = value < 0 ? -value : value;
    digits[--at] = '\n';
    do digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0) digits[--at] = '-';
    say(what);
    say(" ");
    write(1, digits + at, sizeof digits - at);
}

/* A path below the directory. */
static char base[256];
static const char *path(char *buf, const char *name) {
    size len = 0;
    for (const char *from = base; *from; from++) buf[len++] = *from;
    buf[len++] = '/';
    while (*name) buf[len++] = *name++;
    buf[len] = 0;
    return buf;
}

static i64 expect(const char *what, i64 got, i64 wanted) {
    if (got != wanted) {
        say("FAILED ");
        number(what, got);
        exit(1);
    }
    return got;
}

static byte block[BIG], copy[4096];

static void write_all(i32 fd, const byte *from, size len) {
    while (len > 0) {
        i32 count = write(fd, from, len);
        if (count <= 0) expect("write", count, 1);
        from += count;
        len -= (size)count;
    }
}

static void files(void) {
    char a[512], b[512];
    path(a, "a"), path(b, "b");
    for (size i = 0; i < BIG; i++) block[i] = (byte)(i * 7 + i / 251);
    i32 from = open(a, length(a), O_RDWR | O_CREAT | O_EXCL, 0640);
    expect("open", from >= 3, 1);
    expect("open again", open(a, length(a), O_RDWR | O_CREAT | O_EXCL, 0640), -EEXIST);
    write_all(from, block, BIG);
    expect("lseek", lseek(from, -1, 2), BIG - 1);
    expect("read the last", read(from, copy, sizeof copy), 1);
    expect("its value", copy[0], block[BIG - 1]);
    expect("lseek", lseek(from, 0, 0), 0);
    i32 to = open(b, length(b), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    expect("a new descriptor", to > from, 1);
    i64 total = 0;
    for (i32 count; (count = read(from, copy, sizeof copy)) > 0; total += count) {
        for (i32 i = 0; i < count; i++) expect("a byte", copy[i], block[total + i]);
        write_all(to, copy, (size)count);
    }
    number("copied", total);
    struct stat one, two;
    expect("fstat", fstat(to, &one), 0);
    expect("close", close(from), 0);
    expect("close", close(to), 0);
    expect("stat", stat(b, length(b), &two), 0);
    expect("inode", one.ino, two.ino);
    expect("mode", two.mode, 0100600);
    expect("times", two.mtime_ns > 1000000000000000000ULL, 1);
    number("size", (i64)two.size);
}

static void walk(void) {
    char sub[512], inner[512], name[512];
    path(sub, "sub"), path(inner, "sub/c"), path(name, "b");
    expect("mkdir", mkdir(sub, length(sub), 0755), 0);
    expect("rename", rename(name, length(name), inner, length(inner)), 0);
    expect("rmdir", rmdir(sub, length(sub)), -ENOTEMPTY);
    expect("unlink", unlink(sub, length(sub)), -EISDIR);
    i32 dir = opendir(base, length(base));
    expect("opendir", dir >= 3, 1);
    struct entry entry;
    i32 seen = 0, status;
    while ((status = readdir(dir, &entry)) == 1) {
        int is_a = entry.name[0] == 'a' && entry.name[1] == 0;
        expect("type", entry.type, is_a ? 8 : 4);
        seen += is_a ? 1 : 10;
    }
    expect("readdir", status, 0);
    number("seen", seen);
    expect("closedir", closedir(dir), 0);
    expect("unlink", unlink(inner, length(inner)), 0);
    expect("rmdir", rmdir(sub, length(sub)), 0);
    path(name, "a");
    expect("unlink", unlink(name, length(name)), 0);
    expect("unlink", unlink(name, length(name)), -ENOENT);
    expect("rmdir", rmdir(base, length(base)), 0);
}

static void world(void) {
    char buf[1024];
    for (i32 i = 1; i < argc(); i++) {
        expect("argv", argv(i, buf, sizeof buf), argv_len(i));
        say("argument "), say(buf), say("\n");
    }
    i32 len = getenv("TOUR", 4, buf, sizeof buf);
    if (len >= 0) {
        expect("getenv", getenv("TOUR", 4, (char *)copy, (size)len), -ERANGE);
        say("TOUR is "), say(buf), say("\n");
    }
    expect("getcwd", getcwd(buf, 1), -ERANGE);
    len = getcwd(buf, sizeof buf);
    expect("getcwd", len, (i64)length(buf) + 1);
    expect("an absolute path", buf[0], '/');
    struct time real, before, after;
    expect("clock", clock_gettime(0, &real), 0);
    expect("this century", real.seconds > 1500000000, 1);
    expect("clock", clock_gettime(1, &before), 0);
    expect("clock", clock_gettime(1, &after), 0);
    i64 passed = (after.seconds - before.seconds) * 1000000000 + after.nanoseconds;
    expect("time passes", passed >= before.nanoseconds, 1);
}

__attribute__((export_name("_start"))) void start(void) {
    if (argc() < 2) exit(2);
    if (argv(1, base, sizeof base - 1) >= 250) exit(2);
    expect("mkdir", mkdir(base, length(base), 0755), 0);
    files();
    walk();
    world();
    say("pointers of "), number("bits", (i64)sizeof(void *) * 8);
    exit(7);
}
