use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use super::*;
use crate::world::ldap::{self, Question};

const SUFFIX: &str = "dc=clinic,dc=example";
const STAFF: usize = 1_200;

/// OpenLDAP's server in a folder of its own, with more people than it tells at once.
struct Slapd {
    _folder: tempfile::TempDir,
    child: Child,
    plain: u16,
    tls: u16,
    root: CertificateDer<'static>,
}

impl Slapd {
    /// `None` where it is not installed; `scripts/test` installs it.
    fn start() -> Option<Self> {
        let program = ["/usr/sbin/slapd", "/usr/libexec/slapd"].into_iter().find(|path| Path::new(path).exists())?;
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let pair = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a pair");
        std::fs::write(at("cert.pem"), pair.cert.pem()).expect("written");
        std::fs::write(at("key.pem"), pair.signing_key.serialize_pem()).expect("written");
        std::fs::create_dir(at("db")).expect("made");
        let here = folder.path().display();
        let settings = format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n\
             TLSCertificateFile {here}/cert.pem\nTLSCertificateKeyFile {here}/key.pem\n\
             database mdb\nsuffix {SUFFIX}\nrootdn cn=root,{SUFFIX}\ndirectory {here}/db\n\
             limits users size.soft=500 size.hard=500 size.prtotal=unlimited\n\
             access to attrs=userPassword by anonymous auth\naccess to * by users read\n"
        );
        std::fs::write(at("slapd.conf"), settings).expect("written");
        std::fs::write(at("staff.ldif"), entries()).expect("written");
        let added = Command::new(program)
            .args(["-T", "add", "-q", "-f"])
            .arg(at("slapd.conf"))
            .arg("-l")
            .arg(at("staff.ldif"))
            .output()
            .expect("slapadd runs");
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let [plain, tls] = [(); 2].map(|()| free_port());
        let child = Command::new(program)
            .args(["-d", "0", "-h", &format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}"), "-f"])
            .arg(at("slapd.conf"))
            .stderr(Stdio::null())
            .spawn()
            .expect("slapd starts");
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", tls)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "slapd listens");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { _folder: folder, child, plain, tls, root: pair.cert.der().clone() })
    }

    fn server(&self) -> Server {
        let attributes: Attributes = [Field::Given, Field::Family, Field::Name, Field::Email, Field::Phone]
            .into_iter()
            .flat_map(|field| usual(field).map(move |name| (field, name.to_owned())))
            .collect();
        let question = Question {
            url: format!("ldaps://127.0.0.1:{}", self.tls),
            starttls: true,
            bind: Some((format!("cn=waxseal,{SUFFIX}"), "canary-password".to_owned().into())),
            base: format!("ou=staff,{SUFFIX}"),
            filter: "(objectClass=person)".to_owned(),
            attributes: attributes.iter().map(|(_, name)| name.clone()).collect(),
            roots: vec![self.root.clone()],
            timeout: Duration::from_secs(20),
        };
        Server { question, attributes, refresh: Duration::from_secs(3_600) }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port").port()
}

fn entries() -> String {
    let mut ldif = format!(
        "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Clinic\ndc: clinic\n\n\
         dn: cn=waxseal,{SUFFIX}\nobjectClass: person\ncn: waxseal\nsn: waxseal\nuserPassword: canary-password\n\n\
         dn: ou=staff,{SUFFIX}\nobjectClass: organizationalUnit\nou: staff\n\n"
    );
    for number in 0..STAFF {
        ldif.push_str(&format!(
            "dn: uid=u{number},ou=staff,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: u{number}\ngivenName: Ada{}\n\
             sn: Okafor\ncn: Okafor, Ada{}\nmail: u{number}@clinic.example\ntelephoneNumber: (520) 555-{number:04}\n\n",
            letters(number),
            letters(number),
        ));
    }
    ldif
}

/// A number as letters, so that it can stand in a name.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

fn source(server: Server) -> Source {
    Source { place: Place::Server(Box::new(server)), max_age: Duration::from_secs(86_400) }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
}

#[tokio::test]
async fn a_real_server_tells_all_staff_page_by_page_over_verified_tls() {
    let Some(slapd) = Slapd::start() else { return };
    let mut server = slapd.server();
    for url in [format!("ldaps://127.0.0.1:{}", slapd.tls), format!("ldap://127.0.0.1:{}", slapd.plain)] {
        server.question.url = url;
        let people = server.ask().await.unwrap_or_else(|error| panic!("{}: {error}", server.question.url));
        assert_eq!(people.len(), STAFF);
        let directory = directory(&people);
        for text in ["Adabbjj Okafor", "OKAFOR, ADAF", "u1199@clinic.example", "520 555 1199"] {
            assert!(directory.holds(text), "{text}");
        }
        assert!(!directory.holds("Adab Nobody") && !directory.holds("u1200@clinic.example"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_question_is_told_apart_and_no_password_with_it() {
    let Some(slapd) = Slapd::start() else { return };
    let asked = |change: fn(&mut Question)| {
        let mut server = slapd.server();
        change(&mut server.question);
        async move { server.ask().await.expect_err("there is something wrong") }
    };
    let wrong = asked(|question| question.bind.as_mut().expect("one").1 = "canary-wrong".to_owned().into()).await;
    assert!(matches!(wrong, Error::Ldap(ldap::Error::Bind)), "{wrong}");
    let nowhere = asked(|question| question.base = format!("ou=nobody,{SUFFIX}")).await;
    assert!(matches!(nowhere, Error::Ldap(ldap::Error::Base(_))), "{nowhere}");
    let filter = asked(|question| question.filter = "(objectClass=person".to_owned()).await;
    assert!(matches!(filter, Error::Ldap(ldap::Error::Filter)), "{filter}");
    let stranger = asked(|question| question.roots.clear()).await;
    assert!(matches!(stranger, Error::Ldap(ldap::Error::Tls(_))), "{stranger}");
    let none = asked(|question| question.filter = "(uid=none)".to_owned()).await;
    assert!(matches!(none, Error::Nobody { entries: 0 }), "{none}");
    let attributes = asked(|question| question.attributes = vec!["description".to_owned()]).await;
    assert!(matches!(attributes, Error::Nobody { entries: STAFF }), "{attributes}");
    for error in [wrong, nowhere, filter, stranger, none, attributes] {
        assert!(!format!("{error} {error:?} {}", error.mend()).contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn a_start_without_the_server_knows_the_staff_as_they_were() {
    let Some(slapd) = Slapd::start() else { return };
    let data_dir = tempfile::tempdir().expect("a folder");
    let open = |server: Server| Live::open(source(server), data_dir.path()).expect("nothing is needed");
    let server = slapd.server();
    let first = open(server.clone());
    assert!(first.people().load().is_empty());
    assert!(first.trouble(at(0)).is_some_and(|(trouble, _)| trouble.contains("never been read")));
    first.refresh(at(0)).await;
    assert_eq!((first.people().load().len(), first.as_of(), first.trouble(at(0))), (STAFF, Some(at(0)), None));
    drop(slapd);
    let again = open(server.clone());
    assert!(again.people().load().holds("u7@clinic.example") && again.as_of() == Some(at(0)));
    again.refresh(at(60)).await;
    assert_eq!(again.people().load().len(), STAFF, "a server that is gone takes nobody away");
    assert_eq!(again.trouble(at(60)), None);
    let (trouble, mend) = again.trouble(at(3 * 86_400)).expect("it is out of date");
    assert!(trouble.contains("3 days old: ") && mend.contains("waxseal check"), "{trouble}");
    let mut other = server;
    other.question.base = "ou=others,dc=clinic,dc=example".to_owned();
    assert!(open(other).people().load().is_empty(), "what another question found is not kept for this one");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(data_dir.path().join("directory.json")).expect("kept").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

/// A server that takes the connection and then says nothing.
#[tokio::test]
async fn a_silent_server_is_given_up_after_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let question = Question {
        url: format!("ldap://{}", silent.local_addr().expect("an address")),
        starttls: true,
        bind: None,
        base: SUFFIX.to_owned(),
        filter: "(objectClass=person)".to_owned(),
        attributes: vec!["mail".to_owned()],
        roots: Vec::new(),
        timeout: Duration::from_millis(200),
    };
    let begun = Instant::now();
    assert!(matches!(ldap::ask(&question).await, Err(ldap::Error::Timeout(_))));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_file_that_changes_is_read_again_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("staff.csv");
    std::fs::write(&path, "name,email\n\"Okafor, Ada\",ada@corp.example\n").expect("written");
    let place = Place::File(path.clone());
    let live = Live::open(Source { place, max_age: Duration::from_secs(86_400) }, folder.path()).expect("read");
    let people = live.people();
    assert!(people.load().holds("Ada Okafor"));
    std::fs::write(&path, "name,email\n\"Brandt, Lena\",lena@corp.example\n").expect("written");
    live.refresh(at(0)).await;
    assert!(people.load().holds("Lena Brandt") && !people.load().holds("Ada Okafor"));
    std::fs::write(&path, "nothing that tells\n1\n").expect("written");
    live.refresh(at(60)).await;
    assert!(people.load().holds("Lena Brandt"));
    std::fs::remove_file(&path).expect("removed");
    live.refresh(at(120)).await;
    assert!(people.load().holds("Lena Brandt"));
}
