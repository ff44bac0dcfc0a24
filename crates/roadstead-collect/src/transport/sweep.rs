//! Tunnels left behind by a program that was killed: a directory with a socket, and an ssh child nobody waits for.

use std::path::Path;

/// How the directories of tunnels begin.
pub(super) const PREFIX: &str = "t";
/// File in a tunnel's directory: the process that made it and the ssh child, one number a line.
const OWNER_FILE: &str = "owner";

/// Notes who made a tunnel, for a later sweep. A tunnel works without the note, so failing to write it is only logged.
pub(super) fn note_child(dir: &Path, child: u32) {
    let note = format!("{}\n{child}\n", std::process::id());
    if let Err(error) = std::fs::write(dir.join(OWNER_FILE), note) {
        tracing::debug!(%error, "the owner of a tunnel could not be noted");
    }
}

/// Ends the ssh children and removes the sockets of programs that no longer run. Call it once at start, before the
/// first connection. Returns how many tunnels were removed.
///
/// A child is ended only when its command line still names the very socket of its directory, so that a process that
/// was given the same number later is left alone. Where the system has no `/proc`, nothing is done.
pub fn sweep_private_dir(private_dir: &Path) -> usize {
    if !Path::new("/proc/self").exists() {
        return 0;
    }
    let Ok(entries) = std::fs::read_dir(private_dir) else {
        return 0;
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter(|entry| sweep_one(&entry.path()))
        .count()
}

fn sweep_one(dir: &Path) -> bool {
    let Ok(note) = std::fs::read_to_string(dir.join(OWNER_FILE)) else {
        return false;
    };
    let mut pids = note.lines().map(str::parse::<i32>);
    let (Some(Ok(owner)), Some(Ok(child))) = (pids.next(), pids.next()) else {
        return false;
    };
    if Path::new(&format!("/proc/{owner}")).exists() {
        return false;
    }
    let command_line = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
    let socket = dir.join("e.sock");
    if String::from_utf8_lossy(&command_line).contains(&*socket.to_string_lossy())
        && let Some(pid) = rustix::process::Pid::from_raw(child)
        && let Err(error) = rustix::process::kill_process(pid, rustix::process::Signal::TERM)
    {
        tracing::warn!(%error, "an ssh child left behind could not be ended");
    }
    std::fs::remove_dir_all(dir).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process number that belongs to nobody: the largest Linux hands out is 2^22.
    const NOBODY: &str = "4194305";

    #[test]
    fn a_tunnel_of_a_dead_program_is_removed_and_its_child_ended() {
        let private = tempfile::tempdir().unwrap();
        let dir = private.path().join("tdead");
        std::fs::create_dir(&dir).unwrap();
        let socket = dir.join("e.sock");
        let mut child = std::process::Command::new("sh")
            .args(["-c", "read line", socket.to_str().unwrap()])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::fs::write(dir.join(OWNER_FILE), format!("{NOBODY}\n{}\n", child.id())).unwrap();
        // A process just started has no command line for a moment.
        let command_line = format!("/proc/{}/cmdline", child.id());
        while std::fs::read(&command_line).unwrap().is_empty() {
            std::thread::yield_now();
        }

        assert_eq!(sweep_private_dir(private.path()), 1);
        assert!(!dir.exists());
        use std::os::unix::process::ExitStatusExt as _;
        assert_eq!(child.wait().unwrap().signal(), Some(15), "ended by the sweep");
    }

    #[test]
    fn a_living_tunnel_and_a_stranger_with_the_same_number_are_left_alone() {
        let private = tempfile::tempdir().unwrap();
        let living = private.path().join("tliving");
        std::fs::create_dir(&living).unwrap();
        note_child(&living, 1);
        let reused = private.path().join("treused");
        std::fs::create_dir(&reused).unwrap();
        // Our own number: had the command line not been compared, this test would end itself.
        std::fs::write(
            reused.join(OWNER_FILE),
            format!("{NOBODY}\n{}\n", std::process::id()),
        )
        .unwrap();

        assert_eq!(sweep_private_dir(private.path()), 1);
        assert!(living.exists());
        assert!(!reused.exists());
    }
}
