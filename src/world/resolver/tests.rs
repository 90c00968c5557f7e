//! The resolver against a name server that answers from a table, over UDP and TCP on loopback.

use std::net::Ipv4Addr;
use std::str::FromStr;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::Record;
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, TXT};
use hickory_resolver::proto::serialize::binary::{BinDecodable, BinEncodable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::*;

fn name(text: &str) -> Name {
    Name::from_str(text).unwrap()
}

fn record(owner: &Name, data: RData) -> Record {
    Record::from_rdata(owner.clone(), 60, data)
}

fn mx(owner: &Name, preference: u16, host: &str) -> Record {
    record(owner, RData::MX(MX::new(preference, name(host))))
}

/// What the server says of a name, by its first label.
fn answer(query: &Query) -> (ResponseCode, Vec<Record>) {
    let owner = query.name();
    let label = owner.to_ascii().split('.').next().unwrap().to_owned();
    let found = match (label.as_str(), query.query_type()) {
        ("missing", _) => return (ResponseCode::NXDomain, Vec::new()),
        ("servfail", _) => return (ResponseCode::ServFail, Vec::new()),
        ("refused", _) => return (ResponseCode::Refused, Vec::new()),
        ("half", RecordType::AAAA) => return (ResponseCode::ServFail, Vec::new()),
        ("two", RecordType::MX) => vec![mx(owner, 20, "b.test."), mx(owner, 10, "A.test.")],
        ("null", RecordType::MX) => vec![mx(owner, 0, ".")],
        ("mixed", RecordType::MX) => vec![mx(owner, 0, "."), mx(owner, 10, "a.test.")],
        ("many", RecordType::MX) => (0..1000).map(|n| mx(owner, 1000 - n, &format!("mx{n}.many.test."))).collect(),
        ("loop", _) => vec![record(owner, RData::CNAME(CNAME(name("loop2.test."))))],
        ("loop2", _) => vec![record(owner, RData::CNAME(CNAME(name("loop.test."))))],
        ("alias", RecordType::MX) => {
            let target = name("two.test.");
            vec![record(owner, RData::CNAME(CNAME(target.clone()))), mx(&target, 10, "a.test.")]
        }
        ("a" | "half", RecordType::A) => vec![record(owner, RData::A(A(Ipv4Addr::new(192, 0, 2, 1))))],
        ("a", RecordType::AAAA) => vec![record(owner, RData::AAAA(AAAA("2001:db8::1".parse().unwrap())))],
        ("text", RecordType::TXT) => {
            vec![record(owner, RData::TXT(TXT::new(vec!["v=DKIM1; ".to_owned(), "p=abc".to_owned()])))]
        }
        _ => Vec::new(),
    };
    (ResponseCode::NoError, found)
}

fn respond(query: &[u8], most: usize) -> Vec<u8> {
    let query = Message::from_bytes(query).unwrap();
    let mut response = query.clone().into_response();
    let (code, records) = answer(&query.queries[0]);
    response.metadata.response_code = code;
    response.metadata.recursion_available = true;
    response.add_answers(records);
    let whole = response.to_bytes().unwrap();
    if whole.len() <= most {
        return whole;
    }
    // Too long for a datagram: the asker comes again over TCP (RFC 1035 §4.2.1).
    response.answers.clear();
    response.metadata.truncation = true;
    response.to_bytes().unwrap()
}

/// A resolver that asks our server.
async fn resolver(families: Families) -> DnsResolver {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(at).await.unwrap();
    tokio::spawn(async move {
        let mut query = [0; 2048];
        while let Ok((n, from)) = udp.recv_from(&mut query).await {
            udp.send_to(&respond(&query[..n], 1200), from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            tokio::spawn(async move {
                while let Ok(length) = stream.read_u16().await {
                    let mut query = vec![0; length.into()];
                    stream.read_exact(&mut query).await.unwrap();
                    let response = respond(&query, usize::MAX);
                    stream.write_u16(response.len() as u16).await.unwrap();
                    stream.write_all(&response).await.unwrap();
                }
            });
        }
    });
    DnsResolver::new(&DnsConfig { servers: vec![at], families })
}

fn domain(text: &str) -> Domain {
    text.parse().unwrap()
}

fn hosts(found: Result<MailHosts, ResolveError>) -> Vec<String> {
    match found {
        Ok(MailHosts::Exchangers(exchangers)) => {
            exchangers.iter().map(|mx| format!("{} {}", mx.preference, mx.host)).collect()
        }
        other => panic!("no exchangers: {other:?}"),
    }
}

#[tokio::test]
async fn exchangers_are_read_with_their_preference() {
    let resolver = resolver(Families::Both).await;
    assert_eq!(hosts(resolver.mail_hosts(&domain("two.test")).await), ["10 a.test", "20 b.test"]);
    assert_eq!(hosts(resolver.mail_hosts(&domain("alias.test")).await), ["10 a.test"]);
    assert_eq!(hosts(resolver.mail_hosts(&domain("mixed.test")).await), ["10 a.test"]);
}

/// T026: a thousand exchangers come over TCP, and the best hundred are kept.
#[tokio::test]
async fn a_long_answer_comes_over_tcp_and_is_capped() {
    let resolver = resolver(Families::Both).await;
    let found = hosts(resolver.mail_hosts(&domain("many.test")).await);
    assert_eq!((found.len(), found[0].as_str()), (MAX_EXCHANGERS, "1 mx999.many.test"));
}

/// T025, T026: "there is none" and "nobody knows" are told apart.
#[tokio::test]
async fn absence_is_not_the_same_as_silence() {
    let resolver = resolver(Families::Both).await;
    assert_eq!(resolver.mail_hosts(&domain("null.test")).await, Ok(MailHosts::NullMx));
    assert_eq!(resolver.mail_hosts(&domain("nothing.test")).await, Ok(MailHosts::Implicit));
    assert_eq!(resolver.mail_hosts(&domain("missing.test")).await, Err(ResolveError::NoSuchDomain));
    assert_eq!(resolver.addresses(&domain("missing.test")).await, Err(ResolveError::NoSuchDomain));
    assert_eq!(resolver.addresses(&domain("nothing.test")).await, Ok(Vec::new()));
    for unknown in ["servfail.test", "refused.test", "loop.test"] {
        let found = resolver.mail_hosts(&domain(unknown)).await;
        assert!(matches!(found, Err(ResolveError::NoAnswer(_))), "{unknown}: {found:?}");
        let found = resolver.addresses(&domain(unknown)).await;
        assert!(matches!(found, Err(ResolveError::NoAnswer(_))), "{unknown}: {found:?}");
    }
}

#[tokio::test]
async fn addresses_come_in_the_families_that_are_used() {
    for (families, expected) in [
        (Families::Both, &["2001:db8::1", "192.0.2.1"][..]),
        (Families::V4, &["192.0.2.1"]),
        (Families::V6, &["2001:db8::1"]),
    ] {
        let found = resolver(families).await.addresses(&domain("a.test")).await.unwrap();
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }
    // One family's trouble doesn't hide the other's addresses.
    let found = resolver(Families::Both).await.addresses(&domain("half.test")).await;
    assert_eq!(found, Ok(vec!["192.0.2.1".parse().unwrap()]));
}

#[tokio::test]
async fn the_strings_of_a_text_record_are_joined() {
    let resolver = resolver(Families::Both).await;
    assert_eq!(resolver.texts(&domain("text.test")).await, Ok(vec!["v=DKIM1; p=abc".to_owned()]));
}
