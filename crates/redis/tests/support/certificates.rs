//! [`Certificates`]: a separate authority, and a certificate for a server on loopback.

use std::path::PathBuf;
use std::process::Command;

/// A test authority and its certificate for `127.0.0.1`, created with `openssl`.
pub(crate) struct Certificates {
    directory: PathBuf,
}

impl Certificates {
    pub(crate) fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("tower-cache-policy-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let certificates = Self { directory };
        let [authority, authority_key, certificate, key] =
            ["ca.pem", "ca-key.pem", "cert.pem", "key.pem"].map(|name| certificates.path(name));
        let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
        openssl(&new, &["-subj", "/CN=authority", "-keyout", &authority_key, "-out", &authority]);
        let names = "subjectAltName=IP:127.0.0.1";
        let signed = ["-CA", &authority, "-CAkey", &authority_key, "-addext", names];
        let leaf = ["-addext", "basicConstraints=critical,CA:FALSE", "-subj", "/CN=engine"];
        openssl(&new, &[&signed[..], &leaf, &["-keyout", &key, "-out", &certificate]].concat());
        certificates
    }

    /// Returns the arguments of an engine that listens for TLS connections on this port.
    pub(crate) fn arguments(&self, port: u16) -> Vec<String> {
        let port = port.to_string();
        let (certificate, key, authority) = (self.path("cert.pem"), self.path("key.pem"), self.path("ca.pem"));
        let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-ca-cert-file", &authority];
        let all = [&["--tls-port", &port, "--tls-auth-clients", "no"][..], &files].concat();
        all.into_iter().map(str::to_owned).collect()
    }

    /// Returns the path of the authority's certificate.
    pub(crate) fn authority(&self) -> String {
        self.path("ca.pem")
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn openssl(arguments: &[&str], more: &[&str]) {
    let output = Command::new("openssl").args(arguments).args(more).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start openssl ({error}): install it"));
    assert!(output.status.success(), "{output:?}");
}
