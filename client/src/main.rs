//! The `consignee` command.

fn main() -> std::process::ExitCode {
    consignee::cli::main()
}
