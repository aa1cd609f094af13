//! A terminal, for what is asked there.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// The end at which one types, and the end that a program reads.
pub fn terminal() -> (File, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (File::from(master), slave)
}

/// A program that has asked whether to go on, and waits.
pub struct Asking {
    child: Child,
    keyboard: File,
}

impl Asking {
    /// Runs the program until it asks.
    pub fn start(command: &mut Command) -> Asking {
        let (keyboard, slave) = terminal();
        command.stdin(Stdio::from(slave)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (told, mut said) = (child.stderr.as_mut().unwrap(), Vec::new());
        while !said.ends_with(b"Only `yes` does: ") {
            let mut byte = [0];
            let read = told.read(&mut byte).unwrap();
            assert_eq!(read, 1, "it ends without a question: {}", String::from_utf8_lossy(&said));
            said.push(byte[0]);
        }
        Asking { child, keyboard }
    }

    /// Types the answer, and lets it come to its end.
    pub fn answer(mut self, typed: &str) -> Output {
        self.keyboard.write_all(typed.as_bytes()).unwrap();
        self.child.wait_with_output().unwrap()
    }
}
