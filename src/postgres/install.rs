//! The one command that installs PostgreSQL on the machine at hand.

use std::env;

/// Package managers, each with what it is told.
const MANAGERS: [(&str, &str); 4] = [
    ("apt-get", "apt-get install -y postgresql"),
    ("dnf", "dnf install -y postgresql-server postgresql-contrib"),
    ("apk", "apk add postgresql postgresql-contrib"),
    ("brew", "brew install postgresql@17"),
];

/// The one command that installs PostgreSQL on this machine, by its package manager.
pub fn install_hint() -> String {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = |program: &str| env::split_paths(&path).any(|dir| dir.join(program).is_file());
    hint(on_path, nix::unistd::geteuid().is_root())
}

fn hint(has: impl Fn(&str) -> bool, root: bool) -> String {
    let manager = MANAGERS.iter().find(|(program, _)| has(program));
    match manager {
        Some(("brew", command)) => (*command).to_owned(),
        Some((_, command)) if root => (*command).to_owned(),
        Some((_, command)) => format!("sudo {command}"),
        None => "your package manager, version 15 to 18".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_fits_the_machine_and_the_user() {
        let debian = |program: &str| program == "apt-get";
        let mac = |program: &str| program == "brew";
        assert_eq!(hint(debian, true), "apt-get install -y postgresql");
        assert_eq!(hint(debian, false), "sudo apt-get install -y postgresql");
        assert_eq!(hint(mac, false), "brew install postgresql@17");
    }
}
