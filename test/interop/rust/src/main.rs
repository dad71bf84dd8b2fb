//! The calls of write-cases.ts by tonic. Arguments: file of the calls, address, and for TLS the file of the authority.
use std::{env, error::Error, fs, process::exit, time::Duration};

use base64::{prelude::BASE64_STANDARD, Engine};
use bytes::{Buf, BufMut, Bytes};
use serde::Deserialize;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{client::Grpc, Code, Request, Status};

#[derive(Deserialize)]
struct Case {
    name: String,
    path: String,
    requests: Vec<String>,
    status: i32,
    take: Option<usize>,
    answers: usize,
    contains: String,
}

/// Hands messages through as they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(source.copy_to_bytes(source.remaining())))
    }
}

fn bytes_of(text: &str) -> Bytes {
    BASE64_STANDARD.decode(text).expect("base64").into()
}

/// Makes one call; every kind is a bidirectional one on the wire. Dropping the answers cancels it.
async fn run(mut client: Grpc<Channel>, wanted: &Case) -> (Code, Vec<Bytes>) {
    let requests: Vec<Bytes> = wanted.requests.iter().map(|text| bytes_of(text)).collect();
    let mut answers = Vec::new();
    client.ready().await.expect("a connection");
    let path = wanted.path.parse().expect("a path");
    let response = client.streaming(Request::new(tokio_stream::iter(requests)), path, Raw).await;
    let mut stream = match response {
        Ok(response) => response.into_inner(),
        Err(status) => return (status.code(), answers),
    };
    loop {
        match stream.message().await {
            Ok(Some(answer)) => answers.push(answer),
            Ok(None) => return (Code::Ok, answers),
            Err(status) => return (status.code(), answers),
        }
        if wanted.take == Some(answers.len()) {
            return (Code::Cancelled, answers);
        }
    }
}

async fn check(client: Grpc<Channel>, wanted: &Case, suffix: &str) -> bool {
    let limit = Duration::from_secs(10);
    let Ok((code, answers)) = tokio::time::timeout(limit, run(client, wanted)).await else {
        println!("FAILED {}{suffix}: no end after {limit:?}", wanted.name);
        return false;
    };
    let part = bytes_of(&wanted.contains);
    let contained = |answer: &Bytes| part.is_empty() || answer.windows(part.len()).any(|window| window == part);
    let right = code as i32 == wanted.status && answers.len() == wanted.answers && answers.iter().all(contained);
    let verdict = if right { "ok" } else { "FAILED" };
    println!("{verdict} {}{suffix}: {code:?}, {} answers", wanted.name, answers.len());
    right
}

async fn connect(address: &str, ca: Option<String>) -> Result<Channel, Box<dyn Error>> {
    let Some(ca) = ca else {
        return Ok(Endpoint::new(format!("http://{address}"))?.connect().await?);
    };
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(fs::read(ca)?));
    Ok(Endpoint::new(format!("https://{address}"))?.tls_config(tls)?.connect().await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let file = args.next().ok_or("the first argument is the file of the calls")?;
    let address = args.next().ok_or("the second argument is the address")?;
    let channel = connect(&address, args.next()).await?;
    let cases: Vec<Case> = serde_json::from_str(&fs::read_to_string(file)?)?;
    let plain = Grpc::new(channel).max_decoding_message_size(usize::MAX);
    let gzip = plain.clone().send_compressed(CompressionEncoding::Gzip).accept_compressed(CompressionEncoding::Gzip);
    let mut right = true;
    for wanted in &cases {
        right &= check(plain.clone(), wanted, "").await;
        right &= check(gzip.clone(), wanted, ", gzip").await;
    }
    exit(i32::from(!right))
}
