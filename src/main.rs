//! The program. Everything it does stands in the library beside it, so that tests and benchmarks reach it too.

fn main() -> std::process::ExitCode {
    tenure::main()
}
