//! The program. Everything it does stands in the library beside it, so that tests and benchmarks reach it too.

/// A plan makes and drops millions of small objects: this takes a fifth less processor time for it than the C library's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // Does nothing but in what tests build: see `engine::mutations`.
    engine::mutations::everywhere(|| std::env::var("TENURE_MUTATION").ok());
    tenure::main()
}
