//! A queue and its dispatch at work, beside hops that tests play.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// A queue and its dispatch at work, where each domain `NAME.test` has the exchanger `mx.NAME.test`.
pub(super) struct Desk {
    pub(super) folder: tempfile::TempDir,
    pub(super) clock: Arc<FakeClock>,
    pub(super) dialer: Arc<FakeDialer>,
    pub(super) store: Arc<dyn Store>,
    pub(super) queue: Arc<Queue>,
    pub(super) registry: Registry,
    pub(super) told: Arc<Told>,
    pub(super) stop: CancellationToken,
    pub(super) running: tokio::task::JoinHandle<()>,
}

/// Notes who would be told of which hold.
#[derive(Default)]
pub(super) struct Told(pub(super) std::sync::Mutex<Vec<(QueueId, String)>>);

impl HoldNotices for Told {
    fn held(&self, leased: &Leased, held: &[&Address]) -> Vec<Arrival> {
        let mut told = self.0.lock().unwrap();
        told.extend(held.iter().map(|address| (leased.envelope.id, address.to_string())));
        Vec::new()
    }

    fn damaged(&self, leased: &Leased, held: &[&Address]) -> Vec<Arrival> {
        self.held(leased, held)
    }
}

pub(super) const DOMAINS: [&str; 3] = ["clinic", "lab", "slow"];

pub(super) fn now() -> Timestamp {
    "2026-06-01T08:00:00Z".parse().unwrap()
}

impl Desk {
    pub(super) async fn open(authority: &Authority) -> Self {
        Self::open_with(authority, Vec::new()).await
    }

    pub(super) async fn open_with(authority: &Authority, routes: Vec<deliver::Route>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = (Arc::new(FakeClock::at(now())), Arc::new(FakeRandom::default()));
        let config = embedded::Config { min_free: 0, reserve: 0, ..embedded::Config::new(folder.path().join("var")) };
        let store: Arc<dyn Store> =
            Embedded::open(config, clock.clone(), store::Metrics::new(&Registry::new()).unwrap()).unwrap();
        let own = queue::OwnMail {
            hostname: "gw.test".parse().unwrap(),
            postmaster: "postmaster@clinic.test".parse().unwrap(),
            level: Level::Opportunistic,
        };
        let config = queue::Config { schedule: Default::default(), bounds: Default::default(), own };
        let queue = Queue::new(config, store.clone(), clock.clone(), random.clone());
        let (dialer, registry) = (Arc::new(FakeDialer::default()), Registry::new());
        let way = way(authority, routes, &clock, &dialer);
        let metrics = Metrics::new(&registry).unwrap();
        let told = Arc::new(Told::default());
        let parts = Parts {
            queue: queue.clone(),
            store: store.clone(),
            notices: told.clone(),
            clock: clock.clone(),
            random,
            metrics,
        };
        let dispatch = Dispatch::new(Config::default(), way, parts);
        let stop = CancellationToken::new();
        let running = tokio::spawn(dispatch.run(stop.clone()));
        Self { folder, clock, dialer, store, queue, registry, told, stop, running }
    }

    pub(super) fn hop(&self, domain: &str, sink: &Sink) {
        let (at, sink) = (format!("{}:25", address(domain)), sink.clone());
        self.dialer.peer(&at, move |io| sink.accept(io));
    }

    pub(super) async fn take(&self, arrival: Arrival) -> QueueId {
        let id = arrival.envelope.id;
        self.store.commit(arrival).await.unwrap();
        self.queue.wake();
        id
    }

    /// The record, once it is as wanted.
    pub(super) async fn until(&self, id: QueueId, wanted: impl Fn(&Record) -> bool) -> Record {
        let waiting = async {
            loop {
                let record = self.store.show(id).await.unwrap();
                if wanted(&record) {
                    return record;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it comes to that in time")
    }

    pub(super) async fn delivered(&self, id: QueueId) -> Record {
        self.until(id, |record| record.summary.state == MessageState::Delivered).await
    }

    pub(super) async fn deferred(&self, id: QueueId, attempts: u32) -> Record {
        self.until(id, |record| {
            let due = &record.summary.recipients[0];
            due.state == RecipientState::Deferred && due.attempts == attempts
        })
        .await
    }

    pub(super) fn pass(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
        self.queue.wake();
    }

    pub(super) fn count(&self, metric: &str, labels: &[(&str, &str)]) -> u64 {
        let family = self.registry.gather().into_iter().find(|family| family.name() == metric).unwrap();
        let has = |series: &prometheus::proto::Metric| {
            labels.iter().all(|(name, value)| {
                series.get_label().iter().any(|label| label.name() == *name && label.value() == *value)
            })
        };
        family
            .get_metric()
            .iter()
            .filter(|series| has(series))
            .map(|series| series.get_counter().get_value() as u64)
            .sum()
    }
}

pub(super) fn address(domain: &str) -> String {
    let place = DOMAINS.iter().position(|known| *known == domain).unwrap();
    format!("192.0.2.{}", place + 1)
}

pub(super) fn way(
    authority: &Authority,
    routes: Vec<deliver::Route>,
    clock: &Arc<FakeClock>,
    dialer: &Arc<FakeDialer>,
) -> Way {
    let mut resolver = FakeResolver::default();
    for domain in DOMAINS {
        let mx = format!("mx.{domain}.test");
        resolver = resolver.mx(&format!("{domain}.test"), &[&format!("10 {mx}")]).address(&mx, &[&address(domain)]);
    }
    let mut config = deliver::Config::new("gw.test".parse().unwrap());
    config.tls_roots.push(authority.root());
    config.routes = routes;
    let ports = Ports {
        resolver: Arc::new(resolver),
        dialer: dialer.clone(),
        clock: clock.clone(),
        random: Arc::new(FakeRandom::default()),
        system_roots: Vec::new(),
    };
    let metrics = Arc::new(deliver::Metrics::new(&Registry::new()).unwrap());
    Way {
        deliverer: Deliverer::new(Arc::new(config), ports, metrics).unwrap(),
        protect: protect::Config::new("gw.test".parse().unwrap()),
    }
}

/// A message to recipients at these levels.
pub(super) fn message(to: &[(&str, Level)], verdict: Verdict) -> Arrival {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = QueueId::new(NEXT.fetch_add(1, Ordering::Relaxed), &[7; 10]);
    let addresses: Vec<&str> = to.iter().map(|(address, _)| *address).collect();
    let content = b"From: ann@clinic.test\r\nSubject: x\r\n\r\nhello\r\n";
    let mut arrival = sample::undecided(id, &addresses, content, now());
    arrival.envelope.reverse_path = ReversePath::Address("ann@clinic.test".parse().unwrap());
    let decision = Decision { verdict, ..sample::decision(to) };
    arrival.decided = Some(sample::decided(decision, RecipientState::Pending));
    arrival
}
