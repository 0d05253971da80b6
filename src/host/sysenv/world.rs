//! What paths lead to: the whole file system, or the directories that the guest was given.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::Config;
use crate::Error;
use crate::host::fs::{Dir, Node};
use crate::host::sys::{self, OsError};

/// See the module.
pub(super) enum World {
    /// The host's file system.
    Ambient {
        root: Dir,
        /// The current directory, if it is not that of the process.
        cwd: Option<Vec<u8>>,
    },
    Confined {
        mounts: Vec<Mount>,
        /// The current directory: an absolute path of the guest.
        cwd: Vec<u8>,
    },
}

/// A directory under a name.
pub(super) struct Mount {
    /// The components of its name.
    name: Vec<Box<[u8]>>,
    dir: Dir,
}

impl World {
    pub(super) fn new(config: &Config) -> Result<World, Error> {
        if config.dirs.is_empty() && config.ambient {
            return World::ambient(config.cwd.as_deref());
        }
        let mut mounts = Vec::new();
        for given in &config.dirs {
            let dir = Dir::open_ambient(&given.host, given.read_only);
            let dir = dir.map_err(|error| cannot_open(&given.host, error))?;
            mounts.push(Mount { name: components(given.guest.as_bytes()), dir });
        }
        let cwd = match (&config.cwd, mounts.first()) {
            (Some(cwd), _) => joined(&components(cwd.as_bytes())),
            (None, Some(first)) => joined(&first.name),
            (None, None) => b"/".to_vec(),
        };
        let world = World::Confined { mounts, cwd };
        if let Some(cwd) = &config.cwd {
            let (dir, path) = world.find(b".").map_err(|error| no_cwd(cwd, error))?;
            match dir.open_host(&path, sys::O_RDONLY | sys::O_DIRECTORY, 0) {
                Ok(Node::Dir(_)) => {}
                Ok(Node::Other { .. }) => return Err(no_cwd(cwd, OsError(sys::ENOTDIR))),
                Err(error) => return Err(no_cwd(cwd, error)),
            }
        }
        Ok(world)
    }

    fn ambient(cwd: Option<&OsStr>) -> Result<World, Error> {
        let path = Path::new(cwd.unwrap_or(OsStr::new(".")));
        let root = Dir::ambient(path).map_err(|error| cannot_open(path, error))?;
        let cwd = match cwd {
            Some(_) => Some(path.canonicalize().map_err(|error| cannot_open(path, error.into()))?),
            None => None,
        };
        Ok(World::Ambient { root, cwd: cwd.map(|path| path.into_os_string().into_vec()) })
    }

    /// The directory from which a path leads on, and the rest of the path.
    pub(super) fn find<'a>(&self, path: &'a [u8]) -> sys::Result<(&Dir, Cow<'a, [u8]>)> {
        let (mounts, cwd) = match self {
            World::Ambient { root, .. } => return Ok((root, path.into())),
            World::Confined { mounts, cwd } => (mounts, cwd),
        };
        if path.is_empty() {
            return Err(OsError(sys::ENOENT));
        }
        let whole: Cow<'a, [u8]> = match path.first() {
            Some(b'/') => path.into(),
            _ => [cwd, &b"/"[..], path].concat().into(),
        };
        let found = mounts.iter().filter_map(|mount| Some((mount, mount.rest(&whole)?)));
        let (mount, rest) =
            found.max_by_key(|(mount, _)| mount.name.len()).ok_or(OsError(sys::ENOENT))?;
        let rest = if rest < whole.len() { whole[rest..].to_vec() } else { b".".to_vec() };
        Ok((&mount.dir, rest.into()))
    }

    /// The current directory.
    pub(super) fn cwd(&self) -> sys::Result<Cow<'_, [u8]>> {
        match self {
            World::Ambient { cwd: Some(cwd), .. } | World::Confined { cwd, .. } => Ok(cwd.into()),
            World::Ambient { cwd: None, .. } => {
                Ok(std::env::current_dir()?.into_os_string().into_vec().into())
            }
        }
    }
}

impl Mount {
    /// Where in a path that leads here the rest begins.
    fn rest(&self, path: &[u8]) -> Option<usize> {
        let mut at = 0;
        let mut names = self.name.iter();
        loop {
            at += path[at..].iter().take_while(|&&byte| byte == b'/').count();
            let len = path[at..].iter().take_while(|&&byte| byte != b'/').count();
            let component = &path[at..at + len];
            if component == b"." {
                // Also after the last name: `.` and a rest is the rest.
                at += len;
                continue;
            }
            match names.next() {
                None => return Some(at),
                Some(name) if **name == *component => at += len,
                Some(_) => return None,
            }
        }
    }
}

/// The names of a path from the root, `.` and `..` resolved.
fn components(path: &[u8]) -> Vec<Box<[u8]>> {
    let mut names: Vec<Box<[u8]>> = Vec::new();
    for name in path.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name.into()),
        }
    }
    names
}

fn joined(names: &[Box<[u8]>]) -> Vec<u8> {
    if names.is_empty() {
        return b"/".to_vec();
    }
    names.iter().flat_map(|name| [b"/", &**name].concat()).collect()
}

fn cannot_open(path: &Path, error: OsError) -> Error {
    Error::host(format!("cannot open directory {}: {}", path.display(), io::Error::from(error)))
}

fn no_cwd(path: &OsStr, error: OsError) -> Error {
    let (path, error) = (Path::new(path).display(), io::Error::from(error));
    Error::host(format!("the guest has no current directory {path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_into_the_deepest_directory() {
        let here = std::env::temp_dir();
        let config = Config::new().preopen(&here, "/data").preopen(&here, "data/sub/");
        let world = World::new(&config.preopen(&here, "lib")).unwrap();
        let World::Confined { mounts, cwd } = &world else { panic!("confined") };
        assert_eq!(cwd, b"/data");
        let find = |path: &str| {
            let (dir, rest) = world.find(path.as_bytes()).ok()?;
            let index = mounts.iter().position(|mount| core::ptr::eq(&mount.dir, dir)).unwrap();
            Some((index, String::from_utf8(rest.into_owned()).unwrap()))
        };
        let some = |index, rest: &str| Some((index, rest.to_owned()));
        assert_eq!(find("a/b"), some(0, "a/b"));
        assert_eq!(find("sub"), some(1, "."));
        assert_eq!(find("./sub/.//x/"), some(1, "x/"));
        assert_eq!(find("/data/subway"), some(0, "subway"));
        assert_eq!(find("//lib"), some(2, "."));
        assert_eq!(find("/lib/../data"), some(2, "../data"));
        assert_eq!(find("."), some(0, "."));
        assert_eq!(find("../x"), some(0, "../x"));
        assert_eq!(find("/"), None);
        assert_eq!(find("/etc/passwd"), None);
        assert_eq!(find(""), None);
    }
}
