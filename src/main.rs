//! The command line.

mod command;

use std::process::ExitCode;

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
