//! The command line.

mod command;

use std::process::ExitCode;

/// A capture makes some hundred small allocations on one thread that another one frees.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    env_logger::Builder::from_env(
        env_logger::Env::new().filter_or("BATON_LOG", "info,actix_server=warn"),
    )
    .format_target(false)
    .init();
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            eprintln!("baton: {text}");
            ExitCode::FAILURE
        }
    }
}
