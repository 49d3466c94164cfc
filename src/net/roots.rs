//! Loads the trusted root certificates.

use rustls::RootCertStore;

/// The variables that OpenSSL and rustls-native-certs read.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Loads the root certificates of this machine, and in addition those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
///
/// rustls-native-certs takes the variables *instead of* the machine's roots, so a single file with the certificate
/// authority of 1C would end trust in all other servers. On Windows and macOS this remains so: there is no way to ask
/// the crate for both.
///
/// Certificates that cannot be read are skipped. Reading takes some milliseconds.
pub(crate) fn load() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let named = VARIABLES.iter().any(|name| std::env::var_os(name).is_some());
    for error in found.errors {
        if named {
            tracing::warn!("root certificates of {}: {error}", VARIABLES.join(" and "));
        } else {
            tracing::debug!("root certificates: {error}");
        }
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    #[cfg(all(unix, not(target_os = "macos")))]
    if named {
        for folder in openssl_probe::candidate_cert_dirs() {
            roots.add_parsable_certificates(rustls_native_certs::load_certs_from_paths(None, Some(folder)).certs);
        }
    }
    roots
}

#[cfg(test)]
#[cfg(all(unix, not(target_os = "macos")))]
mod tests {
    use std::process::Command;

    /// How many roots a process with this environment has.
    fn count(variable: Option<&std::path::Path>) -> usize {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "net::roots::tests::own_process_tells_how_many", "--nocapture", "--ignored"]);
        command.env_remove("SSL_CERT_DIR").env_remove("SSL_CERT_FILE");
        if let Some(file) = variable {
            command.env("SSL_CERT_FILE", file);
        }
        let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let count = told.split("roots: ").nth(1).and_then(|rest| rest.split_whitespace().next());
        count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{told}"))
    }

    #[test]
    #[ignore = "run by the test below, in a process with an environment of its own"]
    fn own_process_tells_how_many() {
        println!("roots: {}", super::load().len());
    }

    #[test]
    fn the_variable_adds_to_the_machines_roots() {
        let own = rcgen::generate_simple_self_signed(vec!["h".to_owned()]).unwrap().cert.pem();
        let file = std::env::temp_dir().join(format!("onec-mcp-root-{}.pem", std::process::id()));
        std::fs::write(&file, own).unwrap();
        let (of_machine, of_both) = (count(None), count(Some(&file)));
        let of_none = count(Some(std::path::Path::new("/nowhere/at/all.pem")));
        std::fs::remove_file(&file).unwrap();
        // A machine may have its roots only in a single file, or none.
        let folders = openssl_probe::candidate_cert_dirs().next().is_some();
        assert_eq!(of_both, if folders { of_machine + 1 } else { 1 });
        assert_eq!(of_none, if folders { of_machine } else { 0 });
    }
}
