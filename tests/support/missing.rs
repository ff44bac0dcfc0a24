//! What this machine lacks, by Debian package.

use std::path::Path;

use anyhow::{Result, bail};

use crate::program::find_program;

/// A kind of real part, and so what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// `dockerd` with containers.
    Engine,
    /// The image our containers are made of.
    Image,
    /// A registry of images.
    Registry,
    /// An ssh server and client.
    Ssh,
    /// Podman's service and containers.
    Podman,
    /// A virtual display, a session bus and the driver of WebKit windows.
    Window,
    /// The rights of root: engines make namespaces, cgroups and mounts.
    Root,
}

/// Programs (or files, when the name holds a `/`) of each need and the package each is in.
fn wanted(need: Need) -> &'static [(&'static str, &'static str)] {
    match need {
        Need::Engine => &[
            ("dockerd", "docker.io"),
            ("docker", "docker.io"),
            ("containerd", "containerd"),
            ("runc", "runc"),
            ("iptables", "iptables"),
            ("ip", "iproute2"),
        ],
        Need::Image => &[("busybox", "busybox-static"), ("tar", "tar")],
        Need::Registry => &[("docker-registry", "docker-registry")],
        Need::Ssh => &[
            ("sshd", "openssh-server"),
            ("ssh", "openssh-client"),
            ("ssh-keygen", "openssh-client"),
        ],
        Need::Podman => &[("podman", "podman"), ("conmon", "conmon"), ("runc", "runc")],
        Need::Window => &[
            ("Xvfb", "xvfb"),
            ("dbus-daemon", "dbus-daemon"),
            ("WebKitWebDriver", "webkit2gtk-driver"),
            ("xdotool", "xdotool"),
            ("openbox", "openbox"),
            ("import", "imagemagick"),
        ],
        Need::Root => &[],
    }
}

/// What this machine lacks for these needs: one sentence per part, with how to get it. Empty when nothing is missing.
#[must_use]
pub fn missing_parts(needs: &[Need]) -> Vec<String> {
    let mut missing = Vec::new();
    for need in needs {
        for (program, package) in wanted(*need) {
            if find_program(program).is_none() {
                missing.push(format!(
                    "{program} is not installed: apt-get install -y --no-install-recommends {package}"
                ));
            }
        }
        if *need == Need::Root && !rustix::process::geteuid().is_root() {
            missing.push(
                "real engines need the rights of root: run these tests as root (sudo -E make test)"
                    .to_owned(),
            );
        }
        if *need == Need::Engine && !Path::new("/sys/fs/cgroup").is_dir() {
            missing.push("no cgroups are mounted at /sys/fs/cgroup: containers cannot run here".to_owned());
        }
    }
    missing.dedup();
    missing
}

/// Refuses to go on when something is missing.
///
/// # Errors
/// With every missing part and how to get it.
pub fn require(needs: &[Need]) -> Result<()> {
    let missing = missing_parts(needs);
    if !missing.is_empty() {
        bail!(
            "this machine lacks what the test needs:\n  {}",
            missing.join("\n  ")
        );
    }
    Ok(())
}
