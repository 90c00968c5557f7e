//! Any bytes as a whole session: no panic, no hang, and every line we say is a reply.
#![no_main]

#[path = "../../tests/support/sample.rs"]
mod sample;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use waxseal::mail::{Client, Content, EnhancedStatus, Envelope, QueueId, Reply};
use waxseal::people::People;
use waxseal::smtp::{
    Config, Event, Intake, Limits, Listener, Metrics, RelayRight, Server, Sink, Source, SourceKind, Tls, TlsMode,
};
use waxseal::world::SystemClock;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
});
static SERVER: LazyLock<Server> = LazyLock::new(server);

fuzz_target!(|bytes: &[u8]| {
    RUNTIME.block_on(async {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (mut reader, mut writer) = tokio::io::split(ours);
        let session = SERVER.attend(theirs, [127, 0, 0, 1].into(), CancellationToken::new());
        let client = async {
            let _ = writer.write_all(bytes).await;
            let _ = writer.shutdown().await;
            let mut said = Vec::new();
            let _ = reader.read_to_end(&mut said).await;
            said
        };
        let ((), said) = tokio::join!(session, client);
        let said = String::from_utf8(said).expect("replies are UTF-8");
        assert!(said.starts_with("220 ") && said.ends_with("\r\n"));
        for line in said.split_terminator("\r\n") {
            let start = line.as_bytes();
            assert!(start.len() >= 4 && start[..3].iter().all(u8::is_ascii_digit) && matches!(start[3], b' ' | b'-'));
            assert!(!line.contains(['\r', '\n', '\0']));
        }
    });
});

fn server() -> Server {
    let source = Source { kind: SourceKind::Device, ..sample::source("office", &["127.0.0.0/8"]) };
    let listener = Listener {
        name: "relay".into(),
        bind: "127.0.0.1:0".parse().expect("an address"),
        tls: TlsMode::Off,
        certificate: None,
        auth: Vec::new(),
        proxy_from: Vec::new(),
    };
    let limits = Limits { message_size: 100_000, content_memory: 1000, ..Limits::default() };
    let config =
        Config { listeners: vec![listener], sources: vec![Arc::new(source)], limits, ..Config::default() };
    let metrics = Arc::new(Metrics::unregistered());
    Server::new(config, Tls::none(), Arc::new(People::nobody()), Arc::new(Nowhere), Arc::new(SystemClock), metrics)
}

/// Takes everything and keeps nothing.
struct Nowhere;

#[async_trait]
impl Intake for Nowhere {
    fn ready(&self) -> Result<(), Reply> {
        Ok(())
    }

    fn new_id(&self) -> QueueId {
        QueueId::from_bytes([0; 16])
    }

    async fn spool(&self, _id: QueueId) -> Result<Box<dyn Sink>, Reply> {
        Ok(Box::new(Nowhere))
    }

    async fn take(&self, envelope: Envelope, content: Content, right: RelayRight) -> Reply {
        assert!(!envelope.recipients.is_empty());
        if let Content::Memory(bytes) = &content {
            let pairs = bytes.windows(2).filter(|pair| pair == b"\r\n").count();
            assert_eq!(bytes.iter().filter(|b| matches!(b, b'\r' | b'\n')).count(), 2 * pairs);
            let _ = right.judge(bytes, &envelope.reverse_path);
        }
        Reply::new(250, EnhancedStatus(2, 0, 0), "Ok")
    }

    fn tell(&self, _event: Event, _client: &Client) {}
}

#[async_trait]
impl Sink for Nowhere {
    async fn write(&mut self, _bytes: bytes::Bytes) -> Result<(), Reply> {
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Content, Reply> {
        Ok(Content::Sealed { name: "nowhere".into(), size: 0 })
    }
}
