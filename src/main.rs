//! Arguments → command → exit code.

use std::process::ExitCode;

use upgrade::{cli, command};

fn main() -> ExitCode {
    // Several crates speak TLS; one provider for all, chosen here. It fails only where one is chosen already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let code = match cli::parse(std::env::args_os()) {
        Ok(invocation) => command::dispatch(&invocation),
        Err(answered) => answered,
    };
    ExitCode::from(code)
}
