use std::os::unix::fs::PermissionsExt;

use super::*;

/// Random enough for a salt in a test.
struct Counting;
impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = at as u8);
    }
}

fn ann() -> Person {
    Person {
        name: "ann".into(),
        senders: vec!["ann@corp.example".parse().unwrap(), "@lab.example".parse().unwrap()],
        role: Role::Submitter,
        disabled: false,
    }
}

#[test]
fn a_user_added_by_a_command_is_seen_by_the_running_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.jsonl");
    let running = People::open(&path).unwrap();
    assert_eq!(running.sign_in("ann", "correct horse"), Err(Refusal::Unknown));

    People::open(&path).unwrap().add(ann(), "correct horse", &Counting).unwrap();
    let login = running.sign_in("ann", "correct horse").unwrap();
    assert_eq!(login.name(), "ann");
    assert_eq!(running.sign_in("ann", "wrong"), Err(Refusal::WrongPassword));

    People::open(&path).unwrap().disable("ann").unwrap();
    assert_eq!(running.sign_in("ann", "correct horse"), Err(Refusal::Disabled));
    assert_eq!(running.sign_in("ann", "wrong"), Err(Refusal::WrongPassword));
}

#[test]
fn a_new_password_opens_again_and_voids_what_the_old_one_gave() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path().join("users.jsonl")).unwrap();
    people.add(ann(), "correct horse", &Counting).unwrap();
    let (now, later) = ("2026-11-22T10:00:00Z".parse().unwrap(), "2026-12-22T10:00:00Z".parse().unwrap());
    let token = people.mint("ann", later, now, &Counting).unwrap();
    people.disable("ann").unwrap();

    people.renew("ann", "battery staple", &Counting).unwrap();
    assert_eq!(people.sign_in("ann", "correct horse"), Err(Refusal::WrongPassword));
    assert!(people.sign_in("ann", "battery staple").is_ok());
    assert!(people.by_token(secrecy::ExposeSecret::expose_secret(&token), now).is_none());
    assert!(matches!(people.renew("bob", "battery staple", &Counting), Err(Error::Unknown(_))));
}

#[test]
fn the_file_is_private_and_holds_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/users.jsonl");
    People::open(&path).unwrap().add(ann(), "correct horse", &Counting).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
    assert!(!text.contains("correct horse"));
}

#[test]
fn a_broken_file_names_its_line_and_leaves_the_running_roll_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.jsonl");
    let people = People::open(&path).unwrap();
    people.add(ann(), "correct horse", &Counting).unwrap();
    assert!(people.sign_in("ann", "correct horse").is_ok());
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{good}{{\"name\":\"bob\"}}\n")).unwrap();
    let error = People::open(&path).err().unwrap().to_string();
    assert!(error.contains("users.jsonl:2: missing field `hash`"), "{error}");
    assert!(people.sign_in("ann", "correct horse").is_ok());
}

#[test]
fn a_login_sends_only_as_its_senders() {
    let login = Login::of(&ann());
    for (address, may) in [
        ("ann@corp.example", true),
        ("Ann@CORP.example", true),
        ("bob@corp.example", false),
        ("anyone@lab.example", true),
        ("anyone@sub.lab.example", false),
    ] {
        assert_eq!(login.may_send_as(&address.parse().unwrap()), may, "{address}");
    }
}

#[test]
fn authority_follows_the_role() {
    for (role, reviews, administers) in
        [(Role::Submitter, false, false), (Role::Reviewer, true, false), (Role::Administrator, true, true)]
    {
        let login = Login::of(&Person { role, ..ann() });
        assert_eq!(Reviewer::of(&login).is_some(), reviews);
        assert_eq!(Administrator::of(&login).is_some(), administers);
    }
    assert!(Administrator::at_control_socket(0, "root", 990).is_some());
    assert!(Administrator::at_control_socket(990, "waxseal", 990).is_some());
    assert!(Administrator::at_control_socket(1000, "ann", 990).is_none());
}

#[test]
fn names_and_passwords_that_could_forge_a_line_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path().join("users.jsonl")).unwrap();
    for name in ["", "a b", "a\nb", "é", &"x".repeat(65)] {
        let person = Person { name: name.into(), ..ann() };
        assert!(matches!(people.add(person, "pw", &Counting), Err(Error::Name)), "{name:?}");
    }
    for password in ["", "a\0b", &"x".repeat(513)] {
        assert!(matches!(people.add(ann(), password, &Counting), Err(Error::Password)));
    }
    people.add(ann(), "pw", &Counting).unwrap();
    assert!(matches!(people.add(ann(), "pw", &Counting), Err(Error::Exists(_))));
    assert!(matches!(people.disable("bob"), Err(Error::Unknown(_))));
}
