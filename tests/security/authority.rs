//! An authority, and a certificate of it.

use std::{path::PathBuf, process::Command, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tempfile::TempDir;

pub(crate) struct Authority(TempDir);

const CONFIG: &str = "[ca]\ndefault_ca = own\n[own]\nnew_certs_dir = .\ndatabase = index\nrand_serial = yes\n\
                      default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n";
const VALID: (&str, &str) = ("20200101000000Z", "20991231000000Z");
const EXPIRED: (&str, &str) = ("20200101000000Z", "20200201000000Z");

impl Authority {
    pub(crate) fn of(host: &str) -> Self {
        Self::new(host, VALID)
    }

    pub(crate) fn expired(host: &str) -> Self {
        Self::new(host, EXPIRED)
    }

    fn new(host: &str, (from, until): (&str, &str)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in
            [("names", format!("subjectAltName=IP:{host}")), ("config", CONFIG.into()), ("index", "".into())]
        {
            fs_err::write(folder.path().join(name), text).unwrap();
        }
        for arguments in [
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem".to_owned(),
            "req -newkey rsa:2048 -nodes -subj /CN=server -keyout key.pem -out server.csr".to_owned(),
            format!(
                "ca -batch -notext -config config -in server.csr -cert ca.pem -keyfile ca.key -startdate {from} -enddate {until} \
                 -extfile names -out cert.pem"
            ),
        ] {
            let done = Command::new("openssl").args(arguments.split_whitespace()).current_dir(folder.path()).output();
            let done = done.expect("openssl is there (apt install openssl)");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let certificates = vec![CertificateDer::from_pem_file(self.file("cert.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.file("key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_no_client_auth().with_single_cert(certificates, key).unwrap())
    }
}
