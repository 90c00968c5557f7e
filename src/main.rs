#![forbid(unsafe_code)]

use std::process::ExitCode;

/// A message passes many threads and takes hundreds of small allocations, which the C library's
/// allocator serves with locks and keeps for long.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    waxseal::cli::main()
}
