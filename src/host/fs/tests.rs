//! The sandbox, on real directories, with both resolvers.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::sys::{Span, Time};
use super::*;

const LOOP: i32 = sys::ELOOP;

/// `inside`, which is given to the guest, beside `secret`, which is not.
struct World {
    path: PathBuf,
}

impl World {
    fn new() -> World {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wasmvm-fs-{}-{count}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("inside/dir/nested")).unwrap();
        fs::write(path.join("inside/file"), "inside").unwrap();
        fs::write(path.join("inside/dir/nested/deep"), "deep").unwrap();
        fs::write(path.join("secret"), "secret").unwrap();
        fs::create_dir(path.join("outside")).unwrap();
        let link = |target: &str, name: &str| symlink(target, path.join("inside").join(name));
        link("file", "to-file").unwrap();
        link("dir", "to-dir").unwrap();
        link("dir/nested/../../file", "to-file-around").unwrap();
        link("nowhere", "dangling").unwrap();
        link("loop-b", "loop-a").unwrap();
        link("loop-a", "loop-b").unwrap();
        link("../secret", "escape").unwrap();
        link("..", "escape-dir").unwrap();
        link("../inside/file", "out-and-in").unwrap();
        link("/etc/passwd", "absolute").unwrap();
        link("/", "root").unwrap();
        link("../new", "escape-new").unwrap();
        World { path }
    }

    fn inside(&self, name: &str) -> PathBuf {
        self.path.join("inside").join(name)
    }

    fn dirs(&self, read_only: bool) -> [Dir; 2] {
        [Resolver::Kernel, Resolver::Walk].map(|resolver| {
            let dir = Dir::open_ambient(&self.inside(""), read_only).unwrap();
            dir.with_resolver(resolver)
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

const READ: OpenOptions = OpenOptions {
    read: true,
    write: false,
    append: false,
    create: false,
    exclusive: false,
    truncate: false,
    directory: false,
    follow: true,
    nonblock: false,
    sync: false,
    data_sync: false,
};
const WRITE: OpenOptions = OpenOptions { write: true, ..READ };
const CREATE: OpenOptions = OpenOptions { create: true, ..WRITE };

fn read(dir: &Dir, path: &str, how: &OpenOptions) -> std::result::Result<String, i32> {
    match dir.open(path.as_bytes(), how) {
        Ok(Node::Dir(_)) => Ok("<dir>".into()),
        Ok(Node::Other { handle, .. }) => {
            let mut bytes = [0; 64];
            let spans: &[Span] = &[(0, 64)];
            let size = handle.read(&mut bytes, spans, None).unwrap();
            Ok(String::from_utf8_lossy(&bytes[..size]).into_owned())
        }
        Err(error) => Err(error.0),
    }
}

fn code<T>(result: Result<T>) -> i32 {
    result.err().map_or(0, |error| error.0)
}

#[test]
fn paths_resolve_beneath() {
    let world = World::new();
    for dir in world.dirs(false) {
        let nofollow = OpenOptions { follow: false, ..READ };
        let directory = OpenOptions { directory: true, ..READ };
        let open = |path: &str| read(&dir, path, &READ);
        assert_eq!(open("file").unwrap(), "inside");
        assert_eq!(open("dir/.//nested/../../dir/nested/../nested///./deep").unwrap(), "deep");
        assert_eq!(open("dir/nested/../../file").unwrap(), "inside");
        assert_eq!(open(".").unwrap(), "<dir>");
        assert_eq!(open("dir/..").unwrap(), "<dir>");
        assert_eq!(open("dir//").unwrap(), "<dir>");
        assert_eq!(open("to-file").unwrap(), "inside");
        assert_eq!(open("to-file-around").unwrap(), "inside");
        assert_eq!(open("to-dir/nested/deep").unwrap(), "deep");
        assert_eq!(open("to-dir/").unwrap(), "<dir>");
        assert_eq!(open(""), Err(sys::ENOENT));
        assert_eq!(open("nothing"), Err(sys::ENOENT));
        assert_eq!(open("nothing/x"), Err(sys::ENOENT));
        assert_eq!(open("file/"), Err(sys::ENOTDIR));
        assert_eq!(open("file/x"), Err(sys::ENOTDIR));
        assert_eq!(open("dangling"), Err(sys::ENOENT));
        assert_eq!(open("loop-a"), Err(LOOP));
        assert_eq!(open("loop-a/x"), Err(LOOP));
        assert_eq!(open("fi\0le"), Err(sys::EINVAL));
        assert_eq!(open(&"x/".repeat(2100)), Err(sys::ENAMETOOLONG));
        assert_eq!(read(&dir, "to-file", &nofollow), Err(LOOP));
        assert_eq!(read(&dir, "dangling", &nofollow), Err(LOOP));
        assert_eq!(read(&dir, "to-dir/nested/deep", &nofollow).unwrap(), "deep");
        assert_eq!(read(&dir, "file", &directory), Err(sys::ENOTDIR));
        assert_eq!(read(&dir, "dir", &directory).unwrap(), "<dir>");
        assert_eq!(read(&dir, "dir", &WRITE), Err(sys::EISDIR));
    }
}

#[test]
fn nothing_leads_out() {
    let world = World::new();
    let ways_out = [
        "..",
        "../",
        "../secret",
        "dir/../../secret",
        "dir/nested/../../../inside/file",
        "./../secret",
        "/",
        "/etc/passwd",
        "//etc/passwd",
        "escape",
        "escape-dir",
        "escape-dir/secret",
        "escape-dir/inside/file",
        "out-and-in",
        "absolute",
        "root/etc/passwd",
        "root",
        "to-dir/../../secret",
        "escape-new",
        "escape-dir/outside/new",
    ];
    let before = fs::read_dir(&world.path).unwrap().count();
    for dir in world.dirs(false) {
        for path in ways_out {
            let bytes = path.as_bytes();
            for how in [READ, WRITE, CREATE, OpenOptions { truncate: true, ..CREATE }] {
                assert_eq!(read(&dir, path, &how), Err(sys::EPERM), "{path}");
            }
            assert_eq!(code(dir.stat(bytes, true)), sys::EPERM, "{path}");
            let set = dir.set_times(bytes, true, SetTime::Now, SetTime::Now);
            assert_eq!(code(set), sys::EPERM, "{path}");
        }
        // The last component is never followed here; what comes before it is.
        for path in ways_out.iter().filter(|path| path.contains("/")) {
            let (path, bytes) = (*path, path.as_bytes());
            for (what, result) in [
                ("mkdir", dir.make_dir(bytes)),
                ("rmdir", dir.remove_dir(bytes)),
                ("unlink", dir.unlink(bytes)),
                ("rename from", dir.rename(bytes, &dir, b"got")),
                ("rename to", dir.rename(b"file", &dir, bytes)),
                ("link from", dir.link(bytes, &dir, b"got")),
                ("link to", dir.link(b"file", &dir, bytes)),
                ("symlink", dir.symlink(b"x", bytes)),
                ("readlink", dir.read_link(bytes).map(drop)),
                ("stat", dir.stat(bytes, false).map(drop)),
                ("set times", dir.set_times(bytes, false, SetTime::Now, SetTime::Now)),
            ] {
                assert_eq!(code(result), sys::EPERM, "{what} {path}");
            }
        }
        assert_eq!(code(dir.symlink(b"/etc/passwd", b"planted")), sys::EPERM);
        assert!(!world.inside("got").exists());
    }
    assert_eq!(fs::read(world.path.join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(&world.path).unwrap().count(), before);
    assert_eq!(fs::read_dir(world.path.join("outside")).unwrap().count(), 0);
}

#[test]
fn a_directory_below_does_not_lead_up() {
    let world = World::new();
    for dir in world.dirs(false) {
        let Ok(Node::Dir(below)) = dir.open(b"dir", &READ) else { panic!("not a directory") };
        assert_eq!(read(&below, "nested/deep", &READ).unwrap(), "deep");
        assert_eq!(read(&below, "../file", &READ), Err(sys::EPERM));
        assert_eq!(code(below.unlink(b"../file")), sys::EPERM);
    }
}

#[test]
fn read_only_is_inherited_and_complete() {
    let world = World::new();
    for (dir, writable) in world.dirs(true).into_iter().zip(world.dirs(false)) {
        let below = match dir.open(b"dir", &READ) {
            Ok(Node::Dir(below)) => below,
            other => panic!("{other:?}"),
        };
        assert!(below.read_only());
        for (dir, file) in [(&dir, "file"), (&below, "nested/deep")] {
            assert!(read(dir, file, &READ).is_ok());
            let bytes = file.as_bytes();
            let append = OpenOptions { append: true, ..READ };
            let truncate = OpenOptions { truncate: true, ..READ };
            let nothing = OpenOptions { read: false, truncate: true, ..READ };
            for how in [WRITE, CREATE, append, truncate, nothing] {
                assert_eq!(read(dir, file, &how), Err(sys::EROFS));
            }
            let create = OpenOptions { create: true, ..READ };
            let exclusive = OpenOptions { exclusive: true, ..create };
            assert!(read(dir, file, &create).is_ok());
            assert_eq!(read(dir, "new", &create), Err(sys::EROFS));
            assert_eq!(read(dir, "new", &exclusive), Err(sys::EROFS));
            assert_eq!(read(dir, file, &exclusive), Err(sys::EEXIST));
            for (what, result) in [
                ("mkdir", dir.make_dir(b"new")),
                ("rmdir", dir.remove_dir(b"dir")),
                ("unlink", dir.unlink(bytes)),
                ("rename", dir.rename(bytes, dir, b"new")),
                ("link", dir.link(bytes, dir, b"new")),
                ("symlink", dir.symlink(b"x", b"new")),
                ("set times", dir.set_times(bytes, true, SetTime::Now, SetTime::Now)),
                ("set times", dir.set_times(bytes, false, SetTime::Now, SetTime::Now)),
            ] {
                assert_eq!(code(result), sys::EROFS, "{what}");
            }
            // Nothing is carried across, in either direction.
            assert_eq!(code(dir.rename(bytes, &writable, b"new")), sys::EPERM);
            assert_eq!(code(dir.link(bytes, &writable, b"new")), sys::EPERM);
            assert_eq!(code(writable.rename(b"file", dir, b"new")), sys::EPERM);
            assert_eq!(code(writable.link(b"file", dir, b"new")), sys::EPERM);
        }
    }
    assert_eq!(fs::read(world.inside("file")).unwrap(), b"inside");
    assert!(!world.inside("new").exists());
}

#[test]
fn names_work_as_posix_says() {
    for which in 0..2 {
        let world = World::new();
        let [kernel, walk] = world.dirs(false);
        let dir = if which == 0 { kernel } else { walk };
        assert_eq!(code(dir.make_dir(b"made/")), 0);
        assert_eq!(code(dir.make_dir(b"made")), sys::EEXIST);
        assert_eq!(code(dir.make_dir(b".")), sys::EEXIST);
        assert_eq!(code(dir.remove_dir(b"dir")), libc::ENOTEMPTY);
        assert_eq!(code(dir.remove_dir(b"file")), sys::ENOTDIR);
        assert_eq!(code(dir.remove_dir(b"to-dir")), sys::ENOTDIR);
        assert_eq!(code(dir.remove_dir(b".")), sys::EINVAL);
        assert_eq!(code(dir.unlink(b"dir")), sys::EISDIR);
        assert_eq!(code(dir.unlink(b"dir/")), sys::EISDIR);
        assert_eq!(code(dir.unlink(b"file/")), sys::ENOTDIR);
        assert_eq!(code(dir.unlink(b"nothing/")), sys::ENOENT);
        assert_eq!(code(dir.rename(b"file", &dir, b"made")), sys::EISDIR);
        assert_eq!(code(dir.rename(b"made", &dir, b"file")), sys::ENOTDIR);
        assert_eq!(code(dir.rename(b"made", &dir, b"dir")), libc::ENOTEMPTY);
        assert_eq!(code(dir.rename(b"file/", &dir, b"x")), sys::ENOTDIR);
        assert_eq!(code(dir.rename(b"file", &dir, b"x/")), sys::ENOTDIR);
        assert_eq!(code(dir.rename(b".", &dir, b"x")), sys::EBUSY);
        assert_eq!(code(dir.rename(b"made/", &dir, b"moved/")), 0);
        assert_eq!(code(dir.rename(b"dangling", &dir, b"dir/dangling")), 0);
        assert_eq!(code(dir.rename(b"dir/dangling", &dir, b"dangling")), 0);
        assert_eq!(code(dir.remove_dir(b"moved//")), 0);
        assert_eq!(code(dir.link(b"file", &dir, b"dir/second")), 0);
        assert_eq!(fs::metadata(world.inside("file")).unwrap().nlink(), 2);
        assert_eq!(code(dir.link(b"file", &dir, b"to-file")), sys::EEXIST);
        assert_eq!(code(dir.link(b"file", &dir, b"new/")), sys::ENOENT);
        assert_eq!(code(dir.link(b"file/", &dir, b"new")), sys::ENOTDIR);
        assert_eq!(code(dir.link(b"dir", &dir, b"new")), sys::EPERM);
        assert_eq!(code(dir.link(b"escape", &dir, b"linked")), 0);
        assert!(fs::symlink_metadata(world.inside("linked")).unwrap().is_symlink());
        assert_eq!(code(dir.symlink(b"file", b"new")), 0);
        assert_eq!(code(dir.symlink(b"file", b"new")), sys::EEXIST);
        assert_eq!(code(dir.symlink(b"file", b"newer/")), sys::ENOENT);
        assert_eq!(code(dir.symlink(b"", b"newer")), sys::ENOENT);
        assert_eq!(dir.read_link(b"escape").unwrap(), b"../secret");
        assert_eq!(code(dir.read_link(b"file")), sys::EINVAL);
        assert_eq!(code(dir.read_link(b"to-dir/")), sys::EINVAL);
        assert_eq!(code(dir.unlink(b"dir/second")), 0);
        assert_eq!(code(dir.unlink(b"escape")), 0);
        assert_eq!(fs::read(world.path.join("secret")).unwrap(), b"secret");
    }
}

#[test]
fn creation_through_a_link_stays_beneath() {
    for which in 0..2 {
        let world = World::new();
        let [kernel, walk] = world.dirs(false);
        let dir = if which == 0 { kernel } else { walk };
        let exclusive = OpenOptions { exclusive: true, ..CREATE };
        assert_eq!(read(&dir, "dangling", &exclusive), Err(sys::EEXIST));
        assert_eq!(read(&dir, "escape", &exclusive), Err(sys::EEXIST));
        assert_eq!(read(&dir, "dangling", &CREATE).unwrap(), "");
        assert!(world.inside("nowhere").exists());
        assert_eq!(read(&dir, "escape-new", &CREATE), Err(sys::EPERM));
        assert!(!world.path.join("new").exists());
    }
}

#[test]
fn stat_and_times() {
    let world = World::new();
    let at = |seconds| SetTime::To(Time { seconds, nanoseconds: 123_456_789 });
    for dir in world.dirs(false) {
        assert_eq!(dir.stat(b"to-file", true).unwrap().node_type(), NodeType::File);
        assert_eq!(dir.stat(b"to-file", false).unwrap().node_type(), NodeType::Link);
        assert_eq!(dir.stat(b"to-dir/", false).unwrap().node_type(), NodeType::Dir);
        assert_eq!(dir.stat(b"escape", false).unwrap().node_type(), NodeType::Link);
        assert_eq!(code(dir.stat(b"file/", false)), sys::ENOTDIR);
        dir.set_times(b"to-file", true, at(1000), at(2000)).unwrap();
        let stat = dir.stat(b"file", false).unwrap();
        assert_eq!(stat.mtime, Time { seconds: 2000, nanoseconds: 123_456_789 });
        dir.set_times(b"to-file", false, at(3000), SetTime::Keep).unwrap();
        assert_eq!(dir.stat(b"to-file", false).unwrap().atime.seconds, 3000);
        dir.set_times(b"file", true, SetTime::Keep, at(4000)).unwrap();
        let stat = dir.stat(b"to-file", true).unwrap();
        assert_eq!((stat.atime.seconds, stat.mtime.seconds), (1000, 4000));
    }
}

#[test]
fn entries_are_complete() {
    let world = World::new();
    for dir in world.dirs(false) {
        let mut names = Vec::new();
        dir.list(|name, _, node_type| {
            names.push((String::from_utf8_lossy(name).into_owned(), node_type));
            true
        })
        .unwrap();
        assert_eq!(names.len(), fs::read_dir(world.inside("")).unwrap().count() + 2);
        assert!(names.contains(&("file".into(), NodeType::File)));
        assert!(names.contains(&("dir".into(), NodeType::Dir)));
        assert!(names.contains(&("escape".into(), NodeType::Link)));
    }
}
