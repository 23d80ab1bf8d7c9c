//! HTTP/1.1 on one connection, by hand: what a client library would hide is seen here.

use serde_json::Value;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection.
pub struct Wire {
    stream: BufReader<TcpStream>,
    key: String,
}

/// An answer.
#[derive(Debug)]
pub struct WireReply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl WireReply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter();
        found
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Wire {
    /// Connects; requests carry the key, unless it is empty.
    pub fn open(address: SocketAddr, key: &str) -> Result<Wire> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.set_nodelay(true)?;
        Ok(Wire {
            stream: BufReader::with_capacity(4096, stream),
            key: key.to_owned(),
        })
    }

    pub fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &[u8])],
        body: &Value,
    ) -> Result<WireReply> {
        let body = body.to_string();
        let mut all = vec![("content-type", &b"application/json"[..])];
        all.extend_from_slice(headers);
        self.send("POST", path.as_bytes(), &all, body.as_bytes())
    }

    /// Sends a request, in whatever bytes, and reads the answer.
    pub fn send(
        &mut self,
        method: &str,
        path: &[u8],
        headers: &[(&str, &[u8])],
        body: &[u8],
    ) -> Result<WireReply> {
        let mut request = Vec::with_capacity(512 + body.len());
        request.extend_from_slice(method.as_bytes());
        request.push(b' ');
        request.extend_from_slice(path);
        request.extend_from_slice(b" HTTP/1.1\r\nhost: localhost\r\n");
        if !self.key.is_empty() {
            request.extend_from_slice(format!("authorization: Bearer {}\r\n", self.key).as_bytes());
        }
        for (name, value) in headers {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request)?;
        self.read_reply()
    }

    fn read_reply(&mut self) -> Result<WireReply> {
        let status = self.line()?;
        let status = status
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| Error::new(ErrorKind::InvalidData, status.clone()))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut reply = WireReply {
            status,
            headers,
            body: Vec::new(),
        };
        let length = reply
            .header("content-length")
            .and_then(|length| length.parse().ok());
        if let Some(length) = length {
            reply.body = vec![0; length];
            self.stream.read_exact(&mut reply.body)?;
        } else if reply.header("transfer-encoding") == Some("chunked") {
            loop {
                let length = self.line()?;
                let length = usize::from_str_radix(&length, 16)
                    .map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
                let mut chunk = vec![0; length];
                self.stream.read_exact(&mut chunk)?;
                self.line()?;
                if length == 0 {
                    break;
                }
                reply.body.extend(chunk);
            }
        }
        Ok(reply)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
