use jiff::Timestamp;
use prometheus::Registry;

use super::*;
use crate::detect::{self, RuleFile};
use crate::mail::Domain;
use crate::message::{Document, Extract};
use crate::sample;
use crate::smtp::Intake as _;
use crate::store;
use crate::store::embedded::{self, Embedded};
use crate::world::fake::{FakeClock, FakeRandom};
use crate::{policy, queue};

/// Tells nobody.
struct Silent;

impl HoldNotices for Silent {
    fn notices(&self, _: &Envelope, _: &Facts, _: &Decision) -> Vec<Arrival> {
        Vec::new()
    }

    fn refused(&self, _: &Envelope, _: &Facts, _: &Decision) -> Vec<Arrival> {
        Vec::new()
    }

    fn damaged(&self, _: &Envelope, _: &Decision) -> Vec<Arrival> {
        Vec::new()
    }
}

/// Opens no documents.
struct Closed;

impl Documents for Closed {
    fn open(&self, _: &Document<'_>, _: &Budget) -> Extract {
        Extract::default()
    }
}

const RULES: &str = "pack: test\nlists:\n  word: [zebrafish]\ndetectors:\n  - { id: word, title: Word, identifies: health, \
                     class: specific, terms: ['@word'] }\nrules: []\n";

fn law() -> Law {
    let files = [RuleFile { name: "test.yaml".to_owned(), text: RULES.to_owned() }];
    let ruleset = detect::compile(&files, &["test".to_owned()], &|_, _| Err("no word lists here".to_owned()));
    let ruleset = ruleset.unwrap_or_else(|faults| panic!("{faults:?}"));
    Law { ruleset, policy: policy::Config::default(), own_domains: Vec::<Domain>::new() }
}

/// Intake over a store in a folder of its own.
struct Desk {
    folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    intake: Arc<Intake>,
}

impl Desk {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = (Arc::new(FakeClock::at(now())), Arc::new(FakeRandom::default()));
        let config = embedded::Config { min_free: 0, reserve: 0, ..embedded::Config::new(folder.path().join("var")) };
        let store: Arc<dyn Store> =
            Embedded::open(config, clock.clone(), store::Metrics::new(&Registry::new()).unwrap()).unwrap();
        let config =
            queue::Config { schedule: Default::default(), bounds: Default::default(), own: queue::OwnMail::default() };
        let queue = Queue::new(config, store.clone(), clock.clone(), random.clone());
        let parts = Parts {
            law: Arc::new(ArcSwap::from_pointee(law())),
            store: store.clone(),
            queue,
            notices: Arc::new(Silent),
            documents: Arc::new(Closed),
            clock,
            random,
            metrics: Metrics::new(
                &Registry::new(),
                std::iter::empty(),
                std::iter::empty(),
                prometheus::IntCounter::new("waxseal_exceptions_used_total", "uses").unwrap(),
            ),
        };
        Self { folder, store, intake: Intake::new(Config::default(), parts) }
    }

    fn bodies(&self) -> Vec<std::path::PathBuf> {
        let files = std::fs::read_dir(self.folder.path().join("var/bodies")).unwrap();
        files.map(|file| file.unwrap().path()).collect()
    }

    /// Spools this content, lets `harm` do something to its file, and offers it.
    async fn offer(&self, content: &[u8], harm: impl FnOnce(&std::path::Path)) -> Reply {
        let id = self.intake.new_id();
        let mut spool = self.intake.spool(id).await.unwrap();
        spool.write(Bytes::copy_from_slice(content)).await.unwrap();
        let content = spool.finish().await.unwrap();
        harm(&self.bodies()[0]);
        let envelope = sample::envelope(id, &["bob@partner.example"], now());
        self.intake.take(envelope, content, RelayRight::unrestricted(sample::source("office", &[]))).await
    }
}

fn now() -> Timestamp {
    "2026-06-01T08:00:00Z".parse().unwrap()
}

fn message() -> Vec<u8> {
    let header = "From: Ann <ann@clinic.example>\r\nTo: bob@partner.example\r\nSubject: Lunch\r\n\r\n";
    format!("{header}{}", "At noon?\r\n".repeat(20_000)).into_bytes()
}

/// What was spooled and can't be read back is not ours to keep: the client has been told to send it again.
#[tokio::test]
async fn spooled_content_that_can_not_be_read_back_is_refused_for_now_and_dropped() {
    let desk = Desk::open();
    let flip = |file: &std::path::Path| {
        let mut sealed = std::fs::read(file).unwrap();
        sealed[70_000] ^= 1;
        std::fs::write(file, sealed).unwrap();
    };
    let reply = desk.offer(&message(), flip).await;
    assert_eq!((reply.code, reply.status), (451, Some(crate::mail::EnhancedStatus(4, 3, 0))));
    assert!(desk.bodies().is_empty());
    assert!(desk.store.scanning().await.unwrap().is_empty());
    assert!(desk.store.list(&store::Query::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_refused_message_leaves_no_spooled_content() {
    let desk = Desk::open();
    let looping = [b"Received: by localhost ; x\r\n".repeat(2), message()].concat();
    assert_eq!(desk.offer(&looping, |_| ()).await.code, 554);
    assert!(desk.bodies().is_empty());
}

#[tokio::test]
async fn spooled_content_is_committed_as_it_came() {
    let desk = Desk::open();
    let reply = desk.offer(&message(), |_| ()).await;
    assert_eq!(reply.code, 250, "{reply}");
    let kept = desk.store.list(&store::Query::default()).await.unwrap();
    let content = store::stored_content(kept[0].id, 0);
    assert!(desk.store.read(kept[0].id, &content).await.unwrap() == message());
}
