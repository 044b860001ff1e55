//! The program `hanko-operator`. Everything is in the library; see its first page.

use std::process::ExitCode;

fn main() -> ExitCode {
    hanko_operator::main()
}
