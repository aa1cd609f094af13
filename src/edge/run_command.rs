//! Running a program for `command()`: no shell, no input, a deadline, and a bounded answer.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What a program may print, at most.
const LIMIT: u64 = 1 << 20;

/// What `program` prints on standard output, without the line end at its end. Its standard error goes nowhere: it may
/// hold a secret.
///
/// # Errors
/// Where it cannot be started, fails (with the exit code), takes longer than `deadline`, prints more than 1 MiB, or
/// prints what is not UTF-8.
pub fn run(program: &Path, arguments: &[String], folder: &Path, deadline: Duration) -> Result<String, String> {
    let name = program.display();
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("command() cannot start `{name}`: {error}"))?;
    let output = read(&mut child);
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                // It may end by itself between the question and this; both are an answer too late.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("command() stopped `{name}`: no end after {} s", deadline.as_secs()));
            }
            Err(error) => return Err(format!("command() lost `{name}`: {error}")),
        }
    };
    if !status.success() {
        let how = status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"));
        return Err(format!(
            "command() ran `{name}`, which failed with {how}; run it by hand to see what it says (its messages are not \
             shown, since they may hold a secret)"
        ));
    }
    let bytes = output
        .recv_timeout(deadline.saturating_sub(begun.elapsed()).max(Duration::from_secs(1)))
        .map_err(|_| format!("command() ran `{name}`, which ended but left its output open"))?
        .map_err(|error| format!("command() cannot read what `{name}` prints: {error}"))?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!("command() ran `{name}`, which printed more than 1 MiB"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| format!("what `{name}` printed is not UTF-8"))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// Reads the output on a thread of its own: a program that prints much and waits for a reader must not hang.
fn read(child: &mut Child) -> std::sync::mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(LIMIT + 1).read_to_end(&mut bytes).map(|_| bytes);
            // Nobody listens any more where the program was stopped.
            let _ = sender.send(read);
        });
    }
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, deadline: u64) -> Result<String, String> {
        let arguments = ["-c".to_owned(), script.to_owned()];
        run(Path::new("sh"), &arguments, Path::new("."), Duration::from_millis(deadline))
    }

    #[test]
    fn what_programs_answer() {
        assert_eq!(sh("echo hello", 10_000), Ok("hello".to_owned()));
        assert_eq!(sh("printf 'a\\n\\n'", 10_000), Ok("a\n".to_owned()));
        assert_eq!(sh("cat", 10_000), Ok(String::new()), "there is no input");
        for (script, deadline, part) in [
            ("echo hunter2 >&2; exit 3", 10_000, "failed with exit code 3"),
            ("kill -9 $$", 10_000, "signal: 9"),
            ("sleep 60", 50, "no end after"),
            ("head -c 2000000 /dev/zero", 10_000, "failed with|more than 1 MiB"),
            ("printf '\\377'", 10_000, "not UTF-8"),
        ] {
            let error = sh(script, deadline).unwrap_err();
            assert!(part.split('|').any(|part| error.contains(part)), "{script}: {error}");
            assert!(!error.contains("hunter2"));
        }
        let missing = run(Path::new("/no/such/program"), &[], Path::new("."), Duration::from_secs(1)).unwrap_err();
        assert!(missing.contains("cannot start `/no/such/program`"), "{missing}");
    }
}
