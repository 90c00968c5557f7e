//! `demo`: the whole way on loopback, in a temporary folder, ended by itself.
//!
//! A real gateway with the site's own rules, a clinic's mail system that sends through it over
//! SMTP, and two receiving servers that play the internet: one with a certificate that verifies,
//! one without TLS. What became of each recipient is read from the gateway's own account.

mod mails;
mod sink;
mod submit;
mod table;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Common;
use super::control::{Control, encode};
use super::exit::{Error, Exit, Result};
use super::settings;
use crate::config::{self, Configuration};
use crate::gateway::Gateway;
use crate::store::RecipientState;
use crate::telemetry::Telemetry;
use crate::web::StoryView;
use crate::world::{Clock, Random, SystemClock, SystemRandom};
use mails::{CLINIC, PRACTICE, Sample};
use sink::{Identity, Sink, Taken};
use table::Row;

/// The name in the certificate of the server that has one.
const MAIL_HOST: &str = "mx.insurer.example";

/// How long the last recipient may take; loopback needs a second or two.
const WAIT: Duration = Duration::from_secs(30);

/// A mail that was handed to the gateway.
struct Submitted {
    sample: Sample,
    /// The gateway's last reply.
    reply: String,
    /// The id after `Ok`, where it took the mail.
    id: Option<String>,
}

pub fn run(common: &Common) -> Result {
    let site = settings::load(common)?;
    let folder = Folder::new()?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Error::io("starting", error))?;
    let internet = runtime.block_on(Internet::open())?;
    let configuration = configuration(&folder.0, &site, &internet)?;
    let data_dir = configuration.data_dir.clone();

    let gateway = runtime
        .block_on(Gateway::open(configuration, Telemetry::new()))
        .map_err(|error| Error::Configuration(format!("the gateway does not start: {error:#}")))?;
    let address = gateway.addresses().into_iter().find(|(name, _)| name == "clinic").map(|(_, address)| address);
    let address = address.ok_or_else(|| Error::Configuration("the gateway opened no listener".into()))?;
    let stop = CancellationToken::new();
    let running = runtime.spawn(gateway.run(stop.clone()));

    let submitted =
        runtime.block_on(submit_all(address)).map_err(|error| Error::io("sending to the gateway", error))?;
    let control = Control::at(&data_dir)?;
    let stories = wait(&control, &submitted)?;
    let rows: Vec<Row> =
        submitted.iter().zip(&stories).flat_map(|(sent, story)| table::rows(sent, story.as_ref())).collect();
    common.output().list(&rows, |rows| table::text(rows, &internet, &site.rules))?;

    stop.cancel();
    match runtime.block_on(running) {
        Ok(Ok(())) => Ok(Exit::Done),
        Ok(Err(error)) => Err(Error::io("stopping the gateway", std::io::Error::other(format!("{error:#}")))),
        Err(error) => Err(Error::io("stopping the gateway", error.into())),
    }
}

/// The two servers that mail is sent on to.
pub struct Internet {
    insurer: Sink,
    practice: Sink,
    identity: Identity,
}

impl Internet {
    async fn open() -> Result<Self> {
        let trouble = |error| Error::io("opening a receiving server", error);
        let identity = Identity::new(MAIL_HOST).map_err(|error| trouble(std::io::Error::other(error)))?;
        let insurer = Sink::open(MAIL_HOST, Some(&identity)).await.map_err(trouble)?;
        let practice = Sink::open("mail.old-practice.example", None).await.map_err(trouble)?;
        Ok(Self { insurer, practice, identity })
    }

    /// What arrived, by the servers' own account.
    fn arrived(&self) -> Vec<Taken> {
        self.insurer.taken().into_iter().chain(self.practice.taken()).collect()
    }
}

/// The site's rules and packs, and a gateway of its own around them.
fn configuration(folder: &Path, site: &Configuration, internet: &Internet) -> Result<Configuration> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| Error::io(path.display(), error)).map(|()| path)
    };
    write("authority.pem", &internet.identity.certificate)?;
    let json = |value: serde_json::Value| value.to_string();
    let rules = site.rules.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
    let rules: Vec<PathBuf> = rules.collect();
    let packs = site.settings.packs.as_ref().map(|packs| format!("packs: {}\n", json(serde_json::json!(packs))));
    let text = format!(
        "hostname: gateway.{CLINIC}\n\
         data_dir: var\n\
         rules: {rules}\n\
         {packs}\
         listeners: [{{ name: clinic, bind: \"127.0.0.1:0\", tls: none }}]\n\
         sources: [{{ name: clinic, type: mta, networks: [127.0.0.0/8], from_domains: [{CLINIC}] }}]\n\
         routes:\n\
         \x20 - {{ domains: [{PRACTICE}], next_hop: \"{practice}\", tls: opportunistic }}\n\
         \x20 - {{ domains: [\"*\"], next_hop: \"{insurer}\", tls: opportunistic, tls_name: [{MAIL_HOST}] }}\n\
         policy: {{ gap: {{ encrypted: hold }} }}\n\
         delivery: {{ tls_roots: [authority.pem] }}\n\
         notify: {{ sender: false }}\n",
        rules = json(serde_json::json!(rules)),
        packs = packs.unwrap_or_default(),
        practice = internet.practice.address,
        insurer = internet.insurer.address,
    );
    let path = write("waxseal.yaml", &text)?;
    config::load(&path, SystemClock.now()).map_err(|faults| Error::Configuration(faults.to_string()))
}

async fn submit_all(gateway: SocketAddr) -> std::io::Result<Vec<Submitted>> {
    let mut submitted = Vec::new();
    for (at, sample) in mails::samples().into_iter().enumerate() {
        let from = format!("{}@{CLINIC}", sample.author);
        let reply = submit::submit(gateway, &from, &sample.recipients, &sample.whole(at + 1)).await?;
        let id = reply.strip_prefix("250 2.0.0 Ok ").and_then(|rest| rest.split(' ').next()).map(str::to_owned);
        submitted.push(Submitted { sample, reply, id });
    }
    Ok(submitted)
}

/// The stories of all mails, once nothing in them is still under way.
fn wait(control: &Control, submitted: &[Submitted]) -> Result<Vec<Option<StoryView>>> {
    let begun = Instant::now();
    loop {
        let stories: Vec<Option<StoryView>> = submitted
            .iter()
            .map(|sent| sent.id.as_deref().map(|id| control.get(&format!("/v1/messages/{}", encode(id)))).transpose())
            .collect::<Result<_>>()?;
        let under_way = |story: &StoryView| {
            story.verdict.is_none()
                || story.recipients.iter().any(|recipient| recipient.now.state == RecipientState::Pending)
        };
        if !stories.iter().flatten().any(under_way) || begun.elapsed() > WAIT {
            return Ok(stories);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A folder that is gone afterwards, whatever happens.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let mut random = [0; 8];
        SystemRandom.fill(&mut random);
        let name: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("waxseal-demo-{name}"));
        std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(|error| Error::io(path.display(), error))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}
