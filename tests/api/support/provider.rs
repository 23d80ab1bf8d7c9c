//! An identity provider: keys on a port of its own, and tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use ring::{hmac, signature};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    RS256,
    ES256,
    EdDSA,
}

impl Algorithm {
    pub const ALL: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
}

/// A provider with a key of each algorithm, whose `kid` is the algorithm's name.
pub struct Provider {
    pub issuer: String,
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    rsa: RsaKeyPair,
    ecdsa: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Provider {
    pub fn start() -> Provider {
        let random = SystemRandom::new();
        let rsa = RsaKeyPair::from_pkcs8(include_bytes!("provider_rsa_key.der")).unwrap();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ecdsa =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
                .unwrap();
        let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let ed = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let parts = PublicKeyComponents::<Vec<u8>>::from(rsa.public());
        let point = ecdsa.public_key().as_ref();
        let keys = json!({"keys": [
            {"kty": "RSA", "kid": "RS256", "use": "sig", "alg": "RS256", "n": encode(&parts.n), "e": encode(&parts.e)},
            {"kty": "EC", "kid": "ES256", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])},
            {"kty": "OKP", "kid": "EdDSA", "use": "sig", "crv": "Ed25519", "x": encode(ed.public_key())},
        ]});
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, stopped) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, stop) = (asked.clone(), stopped.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                answer(stream.unwrap(), &keys);
            }
        });
        Provider {
            issuer: format!("https://id.example.com/{}", address.port()),
            address,
            asked,
            stopped,
            thread: Some(thread),
            rsa,
            ecdsa,
            ed,
        }
    }

    /// Where its keys are.
    pub fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    /// How often it was asked for them.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// It is away from now on.
    pub fn stop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// A token that says this.
    pub fn sign(&self, algorithm: Algorithm, claims: &Value) -> String {
        self.sign_as(algorithm, &json!({}), claims)
    }

    /// A token with other values in its header.
    pub fn sign_as(&self, algorithm: Algorithm, header: &Value, claims: &Value) -> String {
        let name = format!("{algorithm:?}");
        self.make(&name, header, claims, |message| {
            let random = SystemRandom::new();
            match algorithm {
                Algorithm::EdDSA => self.ed.sign(message).as_ref().to_vec(),
                Algorithm::ES256 => self.ecdsa.sign(&random, message).unwrap().as_ref().to_vec(),
                Algorithm::RS256 => {
                    let mut signature = vec![0; self.rsa.public().modulus_len()];
                    let padding: &'static dyn signature::RsaEncoding = &RSA_PKCS1_SHA256;
                    self.rsa
                        .sign(padding, &random, message, &mut signature)
                        .unwrap();
                    signature
                }
            }
        })
    }

    /// A token of somebody who takes the public key for a shared secret.
    pub fn hmac_with_public_key(&self, claims: &Value) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.ed.public_key().as_ref());
        self.make("EdDSA", &json!({"alg": "HS256"}), claims, |message| {
            hmac::sign(&key, message).as_ref().to_vec()
        })
    }

    fn make(
        &self,
        name: &str,
        more: &Value,
        claims: &Value,
        sign: impl Fn(&[u8]) -> Vec<u8>,
    ) -> String {
        let mut header = json!({"alg": name, "kid": name, "typ": "JWT"});
        for (name, value) in more.as_object().unwrap() {
            header[name] = value.clone();
        }
        let without_null = |value: &Value| {
            let mut value = value.clone();
            value
                .as_object_mut()
                .unwrap()
                .retain(|_, value| !value.is_null());
            encode(value.to_string())
        };
        let message = format!("{}.{}", without_null(&header), without_null(claims));
        let signature = encode(sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.stop();
        }
    }
}

fn answer(mut stream: TcpStream, keys: &Value) {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&part[..count]),
        }
    }
    let body = keys.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _gone = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()));
}
